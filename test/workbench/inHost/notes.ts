// What a test has measured, to be printed below its title. The tests are bundled apart from the file that runs them,
// so the notes stand where both see them.
const shared = globalThis as { distilleryTestNotes?: string[] };

/** Prints a line below the test that is running. */
export function note(text: string): void {
  (shared.distilleryTestNotes ??= []).push(text);
}

/** The notes since the last call. */
export function takeNotes(): string[] {
  return (shared.distilleryTestNotes ?? []).splice(0);
}
