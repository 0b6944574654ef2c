import os from 'node:os';
import path from 'node:path';

/**
 * The folder in which Distillery keeps what belongs to the user and not to a workspace: native TensorFlow, and what is
 * known about its crashes. `DISTILLERY_HOME` moves it. It is not `~/.distillery`, because a folder of that name makes
 * its parent the workspace of every experiment below it.
 */
export function distilleryHome(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['DISTILLERY_HOME'];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  const home = os.homedir();
  switch (process.platform) {
    case 'win32':
      return path.join(env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local'), 'Distillery');
    case 'darwin':
      return path.join(home, 'Library', 'Application Support', 'Distillery');
    default:
      return path.join(env['XDG_DATA_HOME'] || path.join(home, '.local', 'share'), 'distillery');
  }
}

/** Everything about native TensorFlow. */
export function nativeFolder(home: string): string {
  return path.join(home, 'native');
}

/** What the set-up installs for this kind of machine: a folder with `node_modules/@tensorflow/tfjs-node`. */
export function installedFolder(home: string): string {
  return path.join(nativeFolder(home), `${process.platform}-${process.arch}`);
}

/** How native TensorFlow is set up, as the end of a sentence. */
export const setUpCure =
  'run the command "Distillery: Set Up Native TensorFlow" in VS Code, or "npm run setup:native" in a terminal in the folder of Distillery';
