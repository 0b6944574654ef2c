import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Harness, root } from './harness';

const folder = path.join(root, 'webview');
const files = fs
  .readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file));
const read = (file: string): string => fs.readFileSync(path.join(folder, file), 'utf8');

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

describe('the sources of the page', () => {
  it('name the toolkit in one file only', () => {
    expect(files.filter((file) => read(file).includes('webview-ui-toolkit'))).toEqual(['controls.tsx']);
  });

  it('take from the host nothing but types, from one file', () => {
    for (const file of files)
      for (const [line] of read(file).matchAll(/^import [^;]*'\.\.[^']*';$/gms)) {
        expect(line, file).toMatch(/^import type /);
        expect(line, file).toMatch(/'\.\.\/src\/editor\/dashboard\/messages';$/);
      }
  });

  it('ask for the API of VS Code once', () => {
    const calls = files.flatMap((file) =>
      [...read(file).matchAll(/= acquireVsCodeApi\(\)/g)].map(() => file),
    );
    expect(calls).toEqual(['host.ts']);
  });

  it('use colours of the theme only', () => {
    const styles = fs.readdirSync(path.join(folder, 'styles'));
    const texts = [...styles.map((file) => read(path.join('styles', file))), ...files.map(read)];
    const own = texts.flatMap(
      (text) => text.match(/#[0-9a-f]{3,8}\b(?=[;,)'"\s])|\b(?:rgba?|hsla?)\([^)]*\)/gi) ?? [],
    );
    // The shadow of the engine's flyout is the one exception.
    expect(own).toEqual(['rgb(0 0 0 / 25%)']);
  });

  it('make a bundle of at most 450 kB', () => {
    expect(harness.bundleBytes).toBeLessThanOrEqual(450_000);
    expect(harness.bundleBytes).toBeGreaterThan(100_000);
  });
});
