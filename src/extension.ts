import * as vscode from 'vscode';
import { registerCommands } from './editor/commands/commandTable';
import { DiagnosticsDocument } from './editor/commands/diagnosticsDocument';
import { dashboardActions } from './editor/dashboard/actions';
import { Dashboards } from './editor/dashboard/dashboards';
import { DisposableStore } from './editor/disposables';
import { ExperimentFiles } from './editor/experimentFiles';
import type { Host } from './editor/host';
import { startLanguage } from './editor/language';
import { RunDiscovery } from './editor/runs/discovery';
import { RunStore } from './editor/runs/runStore';
import { ExperimentLens } from './editor/views/experimentLens';
import { ExperimentsTree } from './editor/views/experimentsTree';
import { RunStatus } from './editor/views/runStatus';
import { RunsTree } from './editor/views/runsTree';

/** Registers everything and returns; files are read and the language server is started afterwards. */
export function activate(context: vscode.ExtensionContext): void {
  try {
    const owned = new DisposableStore();
    context.subscriptions.push(owned);
    const { extensionUri, globalStorageUri, logUri } = context;
    const log = owned.add(vscode.window.createOutputChannel('Distillery', { log: true }));

    const files = owned.add(new ExperimentFiles());
    const store = owned.add(new RunStore());
    const discovery = owned.add(new RunDiscovery(store, files));

    const dashboards = owned.add(new Dashboards(extensionUri, store, dashboardActions));
    const diagnostics = owned.add(new DiagnosticsDocument());
    const host: Host = { extensionUri, globalStorageUri, logUri, log, store, files, dashboards, diagnostics };
    owned.add(registerCommands(host));
    owned.add(new ExperimentLens(store));
    owned.add(new ExperimentsTree(files, store));
    owned.add(new RunsTree(store));
    owned.add(new RunStatus(store));

    setImmediate(() => {
      discovery.look().catch((error: unknown) => log.error(error as Error));
      void startLanguage(extensionUri, owned, log);
    });
  } catch (error) {
    // VS Code itself says nothing when an extension fails to activate.
    void vscode.window.showErrorMessage(`Distillery could not start: ${(error as Error).message}`);
    throw error;
  }
}
