import AllureVitestReporter from 'allure-vitest/reporter'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { judgeClaims } from '../model/claims.ts'
import type { Claim, ScenarioResult } from '../model/results.ts'
import { openAllureFolder } from './allure-folder.ts'
import { plainFixes, taskOf } from './allure-plain.ts'
import { writeScenarios } from './allure-results.ts'

/** Where {@link allureReporter} writes. */
export interface AllureReporterOptions {
  /** Folder of the Allure results; `allure-results` unless told. */
  readonly resultsDir?: string
  /** Folder that the scenarios' capture files are relative to; the current one unless told. */
  readonly filesFrom?: string
}

/** What the suite API leaves on a task; read by name, because this layer does not know that one. */
interface ScenarioMeta {
  readonly netwright?: ScenarioResult
  readonly netwrightClaims?: readonly Claim[]
}

interface FoundScenario {
  readonly result: ScenarioResult
  readonly startedAt: number
}

/**
 * A vitest reporter that writes Allure results: scenarios with their matrices, drawings and commands, and other tests
 * as allure-vitest writes them, with what it leaves out (skip reasons, todos, the vitest project, retries,
 * annotations, files that could not be loaded).
 *
 * allure-vitest's reporter is used, not extended: what would have to be overridden is private. Its results for plain
 * tests are completed on their way to the disk.
 *
 * @example
 * // vitest.config.ts
 * export default defineConfig({ test: { reporters: ['default', allureReporter()] } })
 */
export function allureReporter({
  resultsDir = 'allure-results',
  filesFrom = '.',
}: AllureReporterOptions = {}): Reporter {
  const fixes = plainFixes()
  const plain = new AllureVitestReporter({ resultsDir, listeners: [fixes.listener] })
  let filter: RegExp | undefined
  const found: FoundScenario[] = []
  const claims = new Map<string, Claim>()

  function visit(test: TestCase): void {
    const { netwright, netwrightClaims = [] } = test.meta() as ScenarioMeta
    for (const claim of netwrightClaims) claims.set(claim.id, claim)
    const startedAt = test.diagnostic()?.startTime
    if (netwright !== undefined) found.push({ result: netwright, startedAt: startedAt ?? Date.now() })
    // Left out by `-t`: neither run nor asked for.
    else if (startedAt !== undefined || filter?.test(test.fullName.replaceAll(' > ', ' ')) !== false) {
      fixes.report(test, (task) => plain.handleTask(task))
    }
  }

  return {
    onInit(vitest: Vitest) {
      filter = vitest.config.testNamePattern
      plain.onInit(vitest)
    },
    async onTestRunEnd(modules: readonly TestModule[]) {
      for (const module of modules) {
        for (const suite of [module, ...module.children.allSuites()]) plain.handleTask({ ...taskOf(suite), tasks: [] })
        for (const test of module.children.allTests()) visit(test)
        fixes.reportModule(module, openAllureFolder(resultsDir))
      }
      // Lets it write what tests said about the run as a whole.
      plain.onTestRunEnd([])
      const results = found.map(({ result }) => result)
      await writeScenarios(found, {
        folder: openAllureFolder(resultsDir),
        claims: judgeClaims([...claims.values()], results),
        filesFrom,
      })
    },
  }
}
