// node guard.mjs SESSION: waits until the process that started it is gone, then ends the session.
import { Session } from './session.mjs';

process.stdin.resume();
process.stdin.once('close', () => void new Session(process.argv[2]).end());
