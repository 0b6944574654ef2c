import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { distilleryHome, installedFolder } from './src/native/home';

// What this user has set up must not decide what tests of the engine `auto` see, so they have a home of their own that
// holds nothing. Tests that want native TensorFlow look where DISTILLERY_NATIVE says, which is the user's unless it is set.
const installed = installedFolder(distilleryHome());
const env = {
  DISTILLERY_HOME: path.join(os.tmpdir(), `distillery-test-home-${process.pid}`),
  ...(fs.existsSync(installed) && { DISTILLERY_NATIVE: process.env['DISTILLERY_NATIVE'] ?? installed }),
};

// One project a level; `npx vitest run --project unit` runs one of them.
const project = (name, options = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    env,
    ...options,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('trainer', {
        testTimeout: 120_000,
        pool: 'forks',
        globalSetup: ['scripts/compileSimdForTests.mjs'],
      }),
      project('language'),
      project('webview', { testTimeout: 60_000 }),
      project('workbench', {
        include: ['test/workbench/story/*.test.ts'],
        testTimeout: 120_000,
        // One VS Code at a time: two of them would measure each other.
        pool: 'forks',
        poolOptions: { forks: { singleFork: true } },
      }),
    ],
  },
});
