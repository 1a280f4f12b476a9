import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { layerRule } from './scripts/layers.js'

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.netwright/', 'allure-results/', 'netwright-report/', '**/node_modules/']),
  {
    files: ['**/*.{ts,js,mjs}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A `default` would swallow the member that the next change adds to the union.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
    },
  },
  {
    files: ['**/*.{ts,js,mjs}'],
    // Tests, and what supports them, drive the real thing.
    ignores: ['**/*.test.ts', '**/testing/**'],
    plugins: { netwright: { rules: { layers: layerRule } } },
    rules: { 'netwright/layers': 'error' },
  },
  {
    // A cast in JSDoc is invisible to this rule.
    files: ['**/*.{js,mjs}'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    // The tools that load these want a default export.
    files: ['**/*.config.{js,ts}', 'scripts/*-reporter.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
)
