import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml'

/** A step of a job, or of a composite action. */
export interface Step {
  /** Line of the file, from 1. */
  readonly line: number
  readonly run?: string
  readonly uses?: string
  /** What stands behind `uses` on its line. */
  readonly comment?: string
  readonly with: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, unknown>>
}

/** A job of a workflow; a composite action counts as one. */
export interface Job {
  readonly name: string
  readonly line: number
  readonly timeout?: number
  readonly steps: readonly Step[]
}

/** What the rules here look at. */
export interface WorkflowFile {
  readonly kind: 'workflow' | 'action'
  /** Whether the whole workflow says what its token may. */
  readonly permissions: boolean
  readonly jobs: readonly Job[]
}

interface JobShape {
  readonly 'timeout-minutes'?: number
  readonly steps?: readonly StepShape[]
}
interface StepShape {
  readonly run?: string
  readonly uses?: string
  readonly with?: Record<string, unknown>
  readonly env?: Record<string, unknown>
}

/**
 * Reads a workflow or the `action.yml` of a composite action.
 *
 * @throws the first error of the YAML, with its line
 */
export function readWorkflow(text: string): WorkflowFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error !== undefined) throw error
  const lineOf = (path: readonly (string | number)[]) => {
    const node = document.getIn(path, true) as Node | undefined
    const range = isMap(node) || isScalar(node) || isSeq(node) || isAlias(node) ? node.range : undefined
    return lines.linePos(range?.[0] ?? 0).line
  }
  const stepsOf = (steps: readonly StepShape[], path: readonly (string | number)[]): Step[] =>
    steps.map(({ run, uses, with: inputs = {}, env = {} }, i): Step => {
      const node = document.getIn([...path, 'steps', i, 'uses'], true)
      const comment = isScalar(node) ? node.comment?.trim() : undefined
      return {
        line: lineOf([...path, 'steps', i]),
        with: inputs,
        env,
        ...(run === undefined ? {} : { run }),
        ...(uses === undefined ? {} : { uses }),
        ...(comment === undefined ? {} : { comment }),
      }
    })
  const file = document.toJS() as { jobs?: Record<string, JobShape>; runs?: JobShape; permissions?: unknown } | null
  if (file?.runs !== undefined) {
    const steps = stepsOf(file.runs.steps ?? [], ['runs'])
    return { kind: 'action', permissions: false, jobs: [{ name: 'runs', line: lineOf(['runs']), steps }] }
  }
  const jobs = Object.entries(file?.jobs ?? {}).map(([name, job]): Job => {
    const timeout = job['timeout-minutes']
    return {
      name,
      line: lineOf(['jobs', name]),
      steps: stepsOf(job.steps ?? [], ['jobs', name]),
      ...(timeout === undefined ? {} : { timeout }),
    }
  })
  return { kind: 'workflow', permissions: file?.permissions !== undefined, jobs }
}
