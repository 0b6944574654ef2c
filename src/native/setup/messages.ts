/** What `setupNative.js --json` prints, one a line. The editor reads them. */
export type SetupMessage =
  /** What is going to be done, and how large it is: to be agreed to. */
  | { type: 'plan'; text: string }
  /** There is nothing to do. */
  | { type: 'nothing'; text: string }
  | { type: 'step'; step: number; of: number; title: string }
  /** The share of the step that is done, 0…1, where it can be told. */
  | { type: 'progress'; share: number }
  | { type: 'done'; text: string }
  /** Why it cannot be done or failed, with the cure. */
  | { type: 'problem'; text: string };

/** Undefined for a line that is none: a warning of Node, for example. */
export function readSetupMessage(line: string): SetupMessage | undefined {
  try {
    const message = JSON.parse(line) as Partial<SetupMessage> | null;
    return typeof message?.type === 'string' ? (message as SetupMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** `274 MB`, `1.2 GB`: as people speak of files, powers of ten. */
export function inWords(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.round(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
