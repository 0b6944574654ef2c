// Lint rules, among them the arrows between rooms: who may import what.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** A room may not import what the patterns name. */
const room = (files, ignores, patterns) => ({
  files,
  ignores,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});
const vscode = { regex: '^vscode$', message: 'Only src/editor and src/extension.ts may import vscode.' };
const tensorflow = { regex: '^@tensorflow/', message: 'Only src/trainer may import TensorFlow.js.' };
const rooms = (...names) => ({
  regex: `(^|/)(${names.join('|')})(/|$)`,
  message: 'This room does not stand on that one: see "The house" in CONTRIBUTING.md.',
});

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'out/',
      'node_modules/',
      '.vscode-test/',
      '**/.distillery/',
      'test-results/',
      'src/trainer/engine/simd/assembly/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  room(
    ['src/experiment/**'],
    [],
    [vscode, tensorflow, rooms('runs', 'native', 'trainer', 'language', 'editor', 'webview')],
  ),
  room(
    ['src/runs/**'],
    [],
    [vscode, tensorflow, rooms('experiment', 'native', 'trainer', 'language', 'editor', 'webview')],
  ),
  room(
    ['src/native/**'],
    [],
    [vscode, tensorflow, rooms('experiment', 'trainer', 'language', 'editor', 'webview')],
  ),
  room(['src/trainer/**'], [], [vscode, rooms('language', 'editor', 'webview')]),
  room(
    ['src/language/**'],
    [],
    [vscode, tensorflow, rooms('runs', 'native', 'trainer', 'editor', 'webview')],
  ),
  room(
    ['src/editor/**', 'src/extension.ts'],
    [],
    [
      tensorflow,
      rooms('trainer', 'webview'),
      {
        regex: '(^|/)language/(server|services)',
        message: 'The editor starts the language server as a process.',
      },
    ],
  ),
  {
    ...room(['webview/**'], [], [vscode, tensorflow]),
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            vscode,
            tensorflow,
            {
              regex: '/src/(?!editor/dashboard/messages$)',
              message: 'The page imports types from src/editor/dashboard/messages only.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        Buffer: 'readonly',
        document: 'readonly',
        AbortController: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
);
