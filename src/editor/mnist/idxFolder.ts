/** Which of MNIST's four files a folder lacks. They may be compressed, and named with a dot as some archives have them. */
export function missingFiles(names: readonly string[]): string[] {
  const plain = new Set(
    names.map((name) =>
      name
        .replace(/\.gz$/, '')
        .replace('.idx', '-idx')
        .replace(/^test-/, 't10k-'),
    ),
  );
  return [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ].filter((name) => !plain.has(name));
}
