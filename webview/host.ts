import type { FromPage } from '../src/editor/dashboard/messages';

/** Sends a message to the extension host. */
export function post(message: FromPage): void {
  api.postMessage(message);
}

/** What the page kept across a reload: UI state only, never data. Undefined on the first visit. */
export function savedState(): unknown {
  return api.getState();
}

export function saveState(state: object): void {
  api.setState(state);
}

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** VS Code hands it out once; it stays in this module so that nothing else in the page can speak for it. */
const api = acquireVsCodeApi();
