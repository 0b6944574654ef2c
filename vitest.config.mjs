import { defineConfig } from 'vitest/config';

// One project a level; `npx vitest run --project unit` runs one of them.
const project = (name, options = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    ...options,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('trainer', { testTimeout: 120_000, pool: 'forks' }),
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
