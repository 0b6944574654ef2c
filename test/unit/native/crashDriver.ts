import { guardNative } from '../../../src/native/crashes';

// Bundled and started by crashes.test.ts: a process that computes natively and then ends in the way it is told.

const [home = '', binding = '', end = ''] = process.argv.slice(2);
void guardNative(home, binding).then(() => {
  if (end.startsWith('SIG')) process.kill(process.pid, end);
  else process.exit(Number(end));
});
