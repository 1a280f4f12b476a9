import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { clearCache, validate } from './language-service.ts'
import { pinnedActions } from './pinned-actions.ts'
import { readWorkflow, type Step, type WorkflowFile } from './steps.ts'

/** Something wrong with a workflow. */
export interface Problem {
  readonly path: string
  readonly line: number
  readonly what: string
}

/**
 * Checks a workflow or an `action.yml`: what GitHub's parser says of it, and the rules of this project.
 *
 * @param path - relative to `root`; it says whether it is a workflow or an action
 * @param root - the repository, whose own actions `uses: ./…` names
 */
export async function lintWorkflow(path: string, text: string, root: string): Promise<Problem[]> {
  const document = TextDocument.create(`file:///repository/${path}`, 'yaml', 1, text)
  // It remembers what it parsed by the path alone.
  clearCache()
  const told = (await validate(document)).map(({ range, message }): Problem => {
    return { path, line: range.start.line + 1, what: typeof message === 'string' ? message : message.value }
  })
  const isBroken = told.length > 0
  try {
    return [...told, ...brokenRules(readWorkflow(text), root).map((problem) => ({ path, ...problem }))]
  } catch (error) {
    if (isBroken) return told
    throw error
  }
}

type Finding = Omit<Problem, 'path'>

function brokenRules(file: WorkflowFile, root: string): Finding[] {
  const found: Finding[] = []
  if (file.kind === 'workflow' && !file.permissions)
    found.push({ line: 1, what: 'it does not say what its token may: add `permissions: { contents: read }`' })
  for (const job of file.jobs) {
    if (file.kind === 'workflow' && job.timeout === undefined)
      found.push({ line: job.line, what: `job ${job.name} may hang for six hours: add timeout-minutes` })
    for (const step of job.steps) found.push(...brokenStepRules(step, root))
  }
  return found
}

function brokenStepRules(step: Step, root: string): Finding[] {
  const { line, run, uses } = step
  const at = (what: string): Finding => ({ line, what })
  if (run?.includes('${{') === true)
    return [at('an expression in a shell script is run as shell: pass it through `env`, and quote the variable')]
  if (uses === undefined) return []
  const problem = uses.startsWith('./') ? undefined : pinProblem(step)
  const known = uses.startsWith('./') ? ownInputs(uses, root) : pinnedActions[uses.split('@', 1)[0] ?? '']?.inputs
  if (problem !== undefined) return [at(problem)]
  if (known === undefined) return [at(`${uses} is no action of this repository`)]
  return Object.keys(step.with)
    .filter((input) => !known.includes(input))
    .map((input) => at(`${uses} takes no input ${input}, only ${known.join(', ')}`))
}

/** Why an action of others is not the very commit that was looked at. */
function pinProblem({ uses = '', comment }: Step): string | undefined {
  const [name = '', commit] = uses.split('@')
  const pinned = pinnedActions[name]
  if (pinned === undefined) return `${name} is not in scripts/workflows/pinned-actions.ts`
  if (commit === pinned.commit && comment === pinned.release) return undefined
  return `write ${name}@${pinned.commit} # ${pinned.release}`
}

function ownInputs(uses: string, root: string): readonly string[] | undefined {
  const file = join(root, uses, 'action.yml')
  if (!existsSync(file)) return undefined
  const { inputs = {} } = parse(readFileSync(file, 'utf8')) as { inputs?: Record<string, unknown> }
  return Object.keys(inputs)
}
