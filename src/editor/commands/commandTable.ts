import * as vscode from 'vscode';
import { commands } from '../contributions';
import type { CommandId } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Host } from '../host';
import { removeNative, setUpNative } from '../nativeSetup/setUpNative';
import { showEngineDiagnostics } from './engineDiagnostics';
import { newExperiment } from './newExperiment';
import { openDashboard, openRunDirectory, stop } from './onRuns';
import { resume } from './resume';
import { run } from './run';

type Handler = (host: Host, argument: unknown) => Promise<void>;

/** Every command with what it does; one that is missing does not compile. */
const table: Record<CommandId, Handler> = {
  [commands.newExperiment]: newExperiment,
  [commands.run]: run,
  [commands.resume]: resume,
  [commands.stopAfterEpoch]: (host, argument) => stop(host, argument, 'stop-after-epoch'),
  [commands.stopNow]: (host, argument) => stop(host, argument, 'stop-now'),
  [commands.openDashboard]: openDashboard,
  [commands.openRunDirectory]: openRunDirectory,
  [commands.showEngineDiagnostics]: showEngineDiagnostics,
  [commands.setUpNative]: setUpNative,
  [commands.removeNative]: removeNative,
};

/** Registers all commands. What goes wrong in one is shown to the user, with the details in the log. */
export function registerCommands(host: Host): DisposableStore {
  const registered = new DisposableStore();
  for (const [id, handler] of Object.entries(table))
    registered.add(
      vscode.commands.registerCommand(id, async (argument: unknown) => {
        try {
          await handler(host, argument);
        } catch (error) {
          host.log.error(error as Error);
          void vscode.window.showErrorMessage(`Distillery: ${(error as Error).message}`);
        }
      }),
    );
  return registered;
}
