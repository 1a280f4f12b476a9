import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'harness/{index,vitest,conformance}.ts',
    'harness/cli/main.ts',
    'suites/**/*.suite.ts',
    'fixtures/topologies/**/*.ts',
    'scripts/*.{mjs,ts}',
    'bin/*.js',
  ],
  project: ['{harness,suites,fixtures,tests,scripts,bin}/**/*.{ts,js,mjs}'],
  // A separate manifest that only set-up installs.
  ignoreWorkspaces: ['scripts/node24'],
}

export default config
