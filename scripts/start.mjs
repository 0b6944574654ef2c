// npm start [-- --no-open] [-- --port N] [-- --web | --desktop]
//
// Opens VS Code on examples/ with the extension loaded from this folder: the desktop where the command `code` exists,
// otherwise VS Code for the browser. Ctrl-C ends everything that was started, training runs too.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './ensureDependencies.mjs';
import { nodeOrExit, onPath, root } from './processes.mjs';
import { startDesktop } from './workbench/desktop.mjs';
import { isFree, startServer } from './workbench/server.mjs';

const examples = path.join(root, 'examples');
const firstFile = path.join(examples, 'mnist-few.distill.yaml');
/** The same address each time, so that the browser remembers the layout. */
const usualPort = 4747;

const options = readOptions();
await ensureDependencies();
await nodeOrExit('The build', ['esbuild.mjs']);
if (options.desktop) await openDesktop(options.desktop);
else await openWeb();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        'no-open': { type: 'boolean', default: false },
        port: { type: 'string' },
        web: { type: 'boolean', default: false },
        desktop: { type: 'boolean', default: false },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
      throw new Error(`--port ${values.port} is not a port: give a number between 1 and 65535.`);
    const code = desktopCommand();
    if (values.desktop && code === undefined)
      throw new Error('--desktop needs the command code of VS Code on the PATH, and it is not there.');
    return { port, open: !values['no-open'], desktop: values.web ? undefined : code };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

/** In a terminal of a remote window `code` only talks to that window, which cannot load an extension from a folder. */
function desktopCommand() {
  return process.env['VSCODE_IPC_HOOK_CLI'] === undefined ? onPath('code') : undefined;
}

/** @param {string} command */
async function openDesktop(command) {
  const desktop = startDesktop(command, { extension: root, folder: examples, file: firstFile });
  console.log('Distillery is open in VS Code. Ctrl-C here closes it.');
  endOnSignal(desktop.stop);
  await desktop.closed;
  await desktop.stop();
}

async function openWeb() {
  const server = await startServer({ sources: [root], port: await choosePort() });
  endOnSignal(server.stop);
  const address = server.address(examples, firstFile);
  console.log(`Distillery is at ${address}`);
  console.log('Ctrl-C ends it, and the training runs that were started there.');
  if (options.open) openBrowser(address);
}

/** @returns {Promise<number | undefined>} undefined: any free port */
async function choosePort() {
  if (options.port === undefined) return (await isFree(usualPort)) ? usualPort : undefined;
  if (await isFree(options.port)) return options.port;
  console.error(`Port ${options.port} is taken by another program. Give another one, or leave --port out.`);
  process.exit(1);
}

/**
 * Signals end it, and so does the end of the npm that started it: npm hands a signal to a shell, which keeps it.
 *
 * @param {() => Promise<void>} stop
 */
function endOnSignal(stop) {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, end);
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), 500).unref();
}

/**
 * Where there is no browser to open, the printed address is all there is.
 *
 * @param {string} address
 */
function openBrowser(address) {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(opener, [address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
