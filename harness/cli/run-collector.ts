import { release } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import type { TaskMeta } from 'vitest'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import { judgeClaims } from '../model/claims.ts'
import type { Claim, MachineFacts, RunResult, ScenarioResult } from '../model/results.ts'
import { localArch } from '../machines/channel/agent-process.ts'
import type { BrokenFile } from '../suite/bundle.ts'
import { runCancelled, runStopped } from '../suite/cancelled.ts'
import type { DeclaredScenario } from '../suite/vitest-binding.ts'
import { suiteName } from '../suite/suite-name.ts'
import { version } from './package-place.ts'

/** What a run tells while it goes on. */
export interface RunListener {
  /** A suite file was read: it declares so many scenarios that will run. */
  found(scenarios: number): void
  started(scenario: string): void
  finished(result: ScenarioResult, declared?: DeclaredScenario): void
  /** A suite file printed something. */
  said(text: string): void
}

export interface CollectorOptions {
  readonly roots: readonly string[]
  /** The files that are to be run: one that never reports is a failure. */
  readonly files: readonly string[]
  /** Which scenarios were asked for. */
  readonly wanted: (title: string) => boolean
  readonly startedAt: Date
}

/** Gathers what vitest reports into the result of a run. */
export interface RunCollector {
  readonly reporter: Reporter
  /** Everything known so far. Once the run has ended, what never reported counts as not measured. */
  result(): RunResult
}

type SerializedProblem = Readonly<Record<string, unknown>> & { readonly message?: string; readonly stack?: string }

/** Makes a collector; `listener` hears of scenarios as they start and finish. */
export function createCollector(options: CollectorOptions, listener: RunListener): RunCollector {
  const began = performance.now()
  const results = new Map<string, ScenarioResult>()
  const claims = new Map<string, Claim>()
  const modules = new Map<string, TestModule>()
  /** Tests in the order in which they stand in their files. */
  const order: string[] = []

  const suiteOf = (test: TestCase) => suiteName(fileOf(test), options.roots)
  const isWanted = (test: TestCase) => options.wanted(test.name)

  function note(id: string, result: ScenarioResult, declared?: DeclaredScenario): void {
    if (results.has(id)) return
    results.set(id, result)
    // What stands for a file or for the run was not found before.
    if (!order.includes(id)) listener.found(1)
    listener.finished(result, declared)
  }

  function failed(suite: string, scenario: string, code: string, message: string, test?: TestCase): ScenarioResult {
    const declared = test?.meta().netwrightDeclared
    return {
      suite,
      scenario,
      ...(declared?.claim === undefined ? {} : { claim: declared.claim }),
      ...(declared?.when === undefined ? {} : { when: declared.when }),
      topology: declared?.topology ?? '',
      status: 'not met',
      machine: [...results.values()][0]?.machine ?? unknownMachine(),
      steps: [],
      unmeasured: declared?.expectations ?? [],
      graphs: [],
      journal: [],
      failures: [{ code, message }],
      files: [],
      ms: Math.round(test?.diagnostic()?.duration ?? 0),
    }
  }

  function noteTest(test: TestCase): void {
    const meta = test.meta()
    if (meta.netwrightBroken !== undefined) {
      noteBroken(meta.netwrightBroken)
      return
    }
    for (const claim of meta.netwrightClaims ?? []) claims.set(claim.id, claim)
    const outcome = test.result()
    if (meta.netwright !== undefined) {
      note(test.id, { ...meta.netwright, suite: suiteOf(test) }, meta.netwrightDeclared)
      return
    }
    const { netwrightDeclared: declared } = meta
    // A test that is no scenario runs whatever titles were asked for, and fails the run.
    if (declared !== undefined && !isWanted(test)) return
    const suite = suiteOf(test)
    if (outcome.state === 'failed') {
      const message = outcome.errors.map((error) => problemText(error)).join('\n')
      note(test.id, failed(suite, test.name, codeOf(message), message, test))
    } else if (outcome.state === 'skipped' && declared !== undefined) {
      const left = 'left out in the suite file (skip, todo)'
      const reason = outcome.note === undefined ? left : outcome.note === runCancelled ? runStopped : outcome.note
      const { unmeasured: _, ...rest } = failed(suite, test.name, '', '', test)
      note(test.id, { ...rest, status: 'skipped', skipReason: reason, unmeasured: [], failures: [] })
    } else if (declared !== undefined) {
      note(
        test.id,
        failed(suite, test.name, 'NETWRIGHT_EXPECTATION_NOT_MEASURED', `${test.name} ended without a result`, test),
      )
    }
  }

  function noteBroken({ file, ...error }: BrokenFile): void {
    const problem = problemText({ ...error })
    const message = `the suite file could not be read\n  where: ${file}\n${indent(problem)}`
    note(`file ${file}`, failed(suiteName(file, options.roots), '(the suite file)', codeOf(problem), message))
  }

  /** What a suite file does around its scenarios: hooks, and what vitest forbids. */
  function noteAround(module: TestModule): void {
    for (const group of module.children.allSuites()) {
      for (const error of group.errors()) {
        const file = fileOf(group)
        const problem = problemText(error)
        const message = `the suite file failed outside of its scenarios\n  where: ${file}\n${indent(problem)}`
        const suite = suiteName(file, options.roots)
        note(`around ${group.id} ${problem}`, failed(suite, '(the suite file)', codeOf(problem), message))
      }
    }
  }

  function noteModule(module: TestModule): void {
    for (const test of module.children.allTests()) if (test.result().state !== 'pending') noteTest(test)
  }

  function noteMissing(errors: readonly unknown[]): void {
    const read = [...modules.values()]
    const crash = [...errors, ...read.flatMap((module) => module.errors())].map((error) =>
      problemText(error as SerializedProblem),
    )
    const why = crash.length === 0 ? 'it never ended' : crash.join('\n')
    for (const module of read) {
      noteAround(module)
      noteModule(module)
      for (const test of module.children.allTests()) {
        if (test.result().state !== 'pending' || !isWanted(test)) continue
        const message = `${test.name} was declared and never measured\n${indent(why)}`
        note(test.id, failed(suiteOf(test), test.name, 'NETWRIGHT_EXPECTATION_NOT_MEASURED', message, test))
      }
    }
    const isTold = ({ netwrightDeclared, netwrightBroken }: TaskMeta): boolean =>
      netwrightDeclared !== undefined || netwrightBroken !== undefined
    const declared = new Set(
      read.flatMap((module) => [...module.children.allTests()].filter((test) => isTold(test.meta())).map(fileOf)),
    )
    for (const file of options.files) {
      if (declared.has(file)) continue
      const message =
        `no scenario of the suite file was declared\n  where: ${file}\n${indent(crash.join('\n'))}`.trimEnd()
      note(
        `file ${file}`,
        failed(suiteName(file, options.roots), '(the suite file)', 'NETWRIGHT_EXPECTATION_NOT_MEASURED', message),
      )
    }
    if (crash.length > 0 && [...results.values()].every(({ status }) => status !== 'not met')) {
      const message = `something failed outside of the scenarios\n${indent(why)}`
      note('outside', failed('(run)', '(outside of scenarios)', 'NETWRIGHT_EXPECTATION_NOT_MEASURED', message))
    }
  }

  const reporter: Reporter = {
    onTestModuleQueued: (module) => void modules.set(module.id, module),
    onTestModuleCollected: (module) => {
      modules.set(module.id, module)
      const tests = [...module.children.allTests()]
      order.push(...tests.map(({ id }) => id))
      for (const test of tests)
        for (const claim of test.meta().netwrightDeclared?.documentClaims ?? []) claims.set(claim.id, claim)
      listener.found(tests.filter((test) => test.meta().netwrightDeclared !== undefined && isWanted(test)).length)
    },
    onTestCaseReady: (test) => {
      if (test.meta().netwrightDeclared !== undefined && isWanted(test)) listener.started(test.name)
    },
    onTestCaseResult: noteTest,
    onTestModuleEnd: noteModule,
    onTestRunEnd: (_, errors) => noteMissing(errors),
    onUserConsoleLog: ({ content }) => listener.said(content.trimEnd()),
  }

  return {
    reporter,
    result: () => {
      const place = new Map(order.map((id, index) => [id, index]))
      const scenarios = [...results]
        .sort(([a, x], [b, y]) => compare(x.suite, y.suite) || (place.get(a) ?? -1) - (place.get(b) ?? -1))
        .map(([, result]) => result)
      return {
        schemaVersion: 1,
        netwright: version,
        startedAt: options.startedAt.toISOString(),
        ms: Math.round(performance.now() - began),
        scenarios,
        claims: judgeClaims([...claims.values()], scenarios),
      }
    },
  }
}

/** The suite file of a test or group: several are read as one, each in a group of its name. */
export function fileOf(task: TestCase | TestSuite): string {
  let outermost = task
  while (outermost.parent.type === 'suite') outermost = outermost.parent
  return outermost.type === 'suite' ? outermost.name : outermost.parent.moduleId
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const indent = (text: string) => (text === '' ? '' : text.replaceAll(/^/gm, '  '))
const codeOf = (message: string) => /\[(NETWRIGHT_\w+)\]/.exec(message)?.[1] ?? 'NETWRIGHT_EXPECTATION_NOT_MEASURED'

/** An error that came from a worker: ours as it is, others with the first place of their stack. */
function problemText(error: SerializedProblem): string {
  const { name, stack = '' } = error
  const message = stripVTControlCharacters(error.message ?? '')
  if (/\[NETWRIGHT_\w+\]/.test(message)) return message
  // An error of the parser shows the place in its own words.
  const place = message.includes('\n') ? undefined : /^\s*at .*$/m.exec(stack)?.[0].trim()
  const kind = typeof name === 'string' && name !== '' && !message.startsWith(name) ? `${name}: ` : ''
  return [`${kind}${message}`, ...(place === undefined ? [] : [`  ${place}`])].join('\n')
}

/** Nothing ran, so no machine said what it is. */
function unknownMachine(): MachineFacts {
  return { kind: 'local', kernel: release(), distro: 'unknown', arch: localArch(), privilege: 'unknown' }
}
