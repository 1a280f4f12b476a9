import { randomUUID } from 'node:crypto'
import { Stage, Status } from 'allure-js-commons'
import type { StepResult, TestResult } from 'allure-js-commons'
import type { LifecycleListener } from 'allure-js-commons/sdk/reporter'
import type { RunnerTask, RunnerTestCase, RunnerTestSuite } from 'vitest'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import type { AllureFolder } from './allure-folder.ts'

/** Completes what allure-vitest writes of tests that are no scenarios. */
export interface PlainFixes {
  /** Has to be among the listeners of allure-vitest's reporter. */
  readonly listener: LifecycleListener
  /** Hands a test to that reporter, in a form that it does not drop. */
  report(test: TestCase, handle: (task: RunnerTask) => void): void
  /** Writes a result for a file that could not be loaded, which has no tests to show it. */
  reportModule(module: TestModule, folder: AllureFolder): void
}

/** The task behind a reported entity: what allure-vitest's reporter reads, and vitest's types leave out. */
export function taskOf(entity: TestCase): RunnerTestCase
export function taskOf(entity: TestSuite | TestModule): RunnerTestSuite
export function taskOf(entity: unknown): RunnerTask {
  return (entity as { readonly task: RunnerTask }).task
}

export function plainFixes(): PlainFixes {
  let current: TestCase | undefined
  return {
    listener: {
      // Before the history id is made of name and parameters, so that two vitest projects are no retries of each other.
      beforeTestResultStop: (result) => {
        if (current !== undefined) complete(result, current)
      },
    },
    report(test, handle) {
      current = test
      const task = taskOf(test)
      // A test that is skipped or to do before the run has no result, and would not be reported.
      const hasResult = task.result !== undefined
      handle(hasResult ? task : { ...task, result: { state: 'skip', startTime: Date.now(), duration: 0 } })
      current = undefined
    },
    reportModule(module, folder) {
      const errors = module.errors()
      if (errors.length === 0) return
      const now = Date.now()
      const [first] = errors
      folder.writeResult({
        uuid: randomUUID(),
        name: `${module.relativeModuleId} could not be loaded`,
        fullName: module.relativeModuleId,
        historyId: module.id,
        testCaseId: module.id,
        titlePath: module.relativeModuleId.split('/'),
        status: Status.BROKEN,
        statusDetails: { message: errors.map(({ message }) => message).join('\n\n'), trace: first?.stack ?? '' },
        stage: Stage.FINISHED,
        ...{ start: now, stop: now, labels: [], links: [], parameters: [], steps: [], attachments: [] },
      })
    },
  }
}

function complete(result: TestResult, test: TestCase): void {
  const { name } = test.project
  if (name !== '') {
    result.parameters.push({ name: 'project', value: name })
    result.labels.push({ name: 'vitest project', value: name })
  }
  const outcome = test.result()
  if (outcome.state === 'skipped' || outcome.state === 'pending') {
    const note = outcome.state === 'skipped' ? outcome.note : undefined
    const isTodo = test.options.mode === 'todo'
    result.status = Status.SKIPPED
    result.stage = Stage.PENDING
    result.statusDetails = { message: isTodo ? 'to do' : (note ?? 'skipped in the test file, without a reason') }
  }
  const retries = test.diagnostic()?.retryCount ?? 0
  if (retries > 0 && outcome.state === 'passed') result.statusDetails = { message: `passed at attempt ${retries + 1}` }
  result.steps.push(...test.annotations().map(annotationStep))
}

function annotationStep({ type, message }: ReturnType<TestCase['annotations']>[number]): StepResult {
  return {
    ...{ name: `${type}: ${message}`, status: Status.PASSED, stage: Stage.FINISHED },
    ...{ statusDetails: {}, steps: [], attachments: [], parameters: [] },
  }
}
