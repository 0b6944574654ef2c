import * as vscode from 'vscode';
import { execFile } from 'node:child_process';
import type { EngineProbe } from '../../runs/manifest';
import { setting, trainerPath } from '../host';
import type { Host } from '../host';
import { trainerEnvironment } from '../launch/trainerProcess';
import { diagnosticsText, readProbes } from './diagnosticsText';

/** Probes every engine in a process of its own and shows what came out, as a document that can be copied into a report. */
export async function showEngineDiagnostics(host: Host): Promise<void> {
  const probes = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Looking at the engines of this machine…' },
    () => probe(host),
  );
  await host.diagnostics.show(
    diagnosticsText(probes, setting('distillery.engine'), {
      node: process.versions.node,
      system: `${process.platform} ${process.arch}`,
    }),
  );
}

function probe(host: Host): Promise<EngineProbe[]> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [trainerPath(host), 'probe'],
      { env: trainerEnvironment(process.env, undefined), timeout: 120_000, windowsHide: true },
      (error, stdout, stderr) => {
        const probes = readProbes(stdout);
        if (probes) resolve(probes);
        else
          reject(
            new Error(
              `The engines could not be looked at. ${stderr.trim() || (error?.message ?? '')}`.trim(),
            ),
          );
      },
    );
  });
}
