import fs from 'node:fs';
import path from 'node:path';
import { contentHash } from '../experiment/hash';
import { runFiles, workspaceOf } from '../runs/paths';
import { readManifest } from '../runs/reader';
import { wishFor } from './engine/engine';
import { exitCodes, type ExitCode } from './failures';
import { prepareText } from './prepare';
import { carryOut, type HowToRun, type Streams } from './run';
import { sweepCheckpoints } from './training/checkpoints';

/**
 * Goes on with a run that was stopped or killed, from its newest checkpoints. What it ends with is what it would have
 * ended with had nothing happened, bit for bit, because text, data, seeds and engine must be those that it began with.
 *
 * @returns what the process should exit with
 */
export async function resumeRun(
  directory: string,
  how: Omit<HowToRun, 'engine'>,
  streams: Streams,
): Promise<ExitCode> {
  const refuse = (message: string) => {
    streams.error.write(`${message}\n`);
    return exitCodes.invalidExperiment;
  };
  const manifest = await readManifest(directory);
  const text = readText(path.join(directory, runFiles.experiment));
  if (!manifest || text === null)
    return refuse(`${directory} is no run: it has no ${runFiles.manifest} or no ${runFiles.experiment}.`);
  if (manifest.state === 'done') {
    streams.out.write(`The run in ${directory} is finished. There is nothing to go on with.\n`);
    return exitCodes.done;
  }
  const { file, seeds, mnist } = { ...manifest, ...how };
  const prepared = prepareText(file, text, { seeds, mnist }, streams.error);
  if (!prepared) return exitCodes.invalidExperiment;
  if (contentHash(prepared.experiment) !== manifest.hash)
    return refuse(
      'This version of Distillery understands the experiment differently from the one that began the run, so the two halves would not fit together. Run the file again instead.',
    );
  if (manifest.dataHash !== undefined && manifest.dataHash !== prepared.dataset.hash)
    return refuse(
      'The data are not those that the run began with, so the two halves would not fit together. Bring them back, or run the file again.',
    );
  sweepCheckpoints(directory);
  // Another engine rounds differently.
  const engine = manifest.engine ? wishFor[manifest.engine] : 'auto';
  return carryOut(prepared, directory, workspaceOf(file), 'resumed', { ...how, engine }, streams);
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
