/** A run directory cannot be used. The message is for people: what is wrong, where, and the cure. */
export class RunDirectoryError extends Error {
  constructor(
    readonly reason: 'full' | 'unwritable' | 'busy',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Says in plain words what the file system answered. */
export function asRunDirectoryError(directory: string, error: unknown): RunDirectoryError {
  if (error instanceof RunDirectoryError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RunDirectoryError(
      'full',
      `The disk is full, so the run in ${directory} cannot be written any further. Free some space and run again; what was written until now is kept.`,
      { cause: error },
    );
  return new RunDirectoryError(
    'unwritable',
    `The run directory ${directory} cannot be written (${fileProblem(error)}). Choose another place with --out, or give yourself the right to write there.`,
    { cause: error },
  );
}

/** Half a sentence about what the file system answered, for people. */
export function fileProblem(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return explanations[code] ?? message;
}

const explanations: Record<string, string> = {
  EACCES: 'you have no right to write there',
  EPERM: 'the system does not permit it',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a file of that name is in the way',
  ENOENT: 'the folder does not exist and cannot be made',
  ENOSPC: 'the disk is full',
  EDQUOT: 'you may not use more of the disk',
  ENAMETOOLONG: 'the path is too long',
};
