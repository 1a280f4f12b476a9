import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'harness/{index,vitest,report/index,conformance}.ts',
    // A project that a test runs in a vitest of its own.
    'harness/report/testing/allure-project/*.ts',
    'harness/cli/main.ts',
    // Run by vitest in the place of suite files.
    'harness/suite/bundle.ts',
    'suites/**/*.suite.ts',
    'fixtures/topologies/**/*.ts',
    'scripts/*.{mjs,ts}',
    // Called by the action.
    'scripts/action/*.mjs',
    'bin/*.js',
    'tests/fixtures/**/*.{ts,js}',
  ],
  project: ['{harness,suites,fixtures,tests,scripts,bin}/**/*.{ts,js,mjs}'],
  // A type that a public signature names has to be exported for the declarations.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Called by scripts/run.mjs.
  // This very package, in workflows.
  ignoreBinaries: ['netwright'],
  ignoreDependencies: ['publint'],
  // What suites get in the place of `netwright/vitest`, by an alias.
  ignore: ['scripts/mutate/binding.ts'],
}

export default config
