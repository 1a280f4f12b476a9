import type { ScenarioResult } from '../model/results.ts'
import { plain } from './colours.ts'
import type { Colours } from './colours.ts'
import { truncate } from './display-width.ts'
import { secondsText } from './summary-text.ts'

/** What a run tells its progress display; `at` is in milliseconds of one clock. */
export type ProgressEvent =
  | { readonly kind: 'plan'; readonly total: number; readonly at: number }
  /** Another suite file was read and holds so many scenarios. */
  | { readonly kind: 'found'; readonly more: number; readonly at: number }
  | { readonly kind: 'start'; readonly scenario: string; readonly at: number }
  | {
      readonly kind: 'finish'
      readonly scenario: string
      readonly status: ScenarioResult['status']
      readonly skipReason?: string
      readonly ms: number
      readonly at: number
    }

export interface ProgressState {
  readonly total: number
  readonly done: number
  readonly skipped: number
  readonly notMet: number
  /** In the order they started. */
  readonly running: readonly string[]
  readonly startedAt: number
}

export const noProgress: ProgressState = { total: 0, done: 0, skipped: 0, notMet: 0, running: [], startedAt: 0 }

export function progressAfter(state: ProgressState, event: ProgressEvent): ProgressState {
  switch (event.kind) {
    case 'plan':
      return { ...noProgress, total: event.total, startedAt: event.at }
    case 'found':
      return { ...state, total: state.total + event.more }
    case 'start':
      return { ...state, running: [...state.running, event.scenario] }
    case 'finish': {
      const index = state.running.indexOf(event.scenario)
      return {
        ...state,
        done: state.done + 1,
        skipped: state.skipped + (event.status === 'skipped' ? 1 : 0),
        notMet: state.notMet + (event.status === 'not met' ? 1 : 0),
        running: index < 0 ? state.running : state.running.toSpliced(index, 1),
      }
    }
  }
}

/**
 * Milliseconds until the end, from the pace so far; unknown before the first scenario has run. Skipped scenarios cost
 * nothing, so they do not make the rest look cheap.
 */
function remainingMs(state: ProgressState, at: number): number | undefined {
  const measured = state.done - state.skipped
  if (measured === 0) return undefined
  return ((at - state.startedAt) / measured) * (state.total - state.done)
}

/** The rewriting line of a terminal: `12/80 · 3.1 s, about 17 s left · 1 not met · macvlan bridge …`. */
export function statusLine(state: ProgressState, at: number, width: number): string {
  const left = remainingMs(state, at)
  const eta = left === undefined || state.done >= state.total ? '' : `, about ${secondsText(left)} left`
  const parts = [
    `${state.done}/${state.total}`,
    `${secondsText(at - state.startedAt)}${eta}`,
    ...(state.notMet === 0 ? [] : [`${state.notMet} not met`]),
    ...(state.running.length === 0 ? [] : [state.running.join(' + ')]),
  ]
  return truncate(parts.join(' · '), width - 1)
}

/** The plain line of a finished scenario: `[12/80] met 0.4 s  two namespaces answer`. */
function finishedLine(
  state: ProgressState,
  event: Extract<ProgressEvent, { kind: 'finish' }>,
  colours: Colours = plain,
): string {
  const digits = String(state.total).length
  const count = `[${String(state.done).padStart(digits)}/${state.total}]`
  switch (event.status) {
    case 'met':
      return `${count} ${colours.green('met')}      ${secondsText(event.ms).padStart(7)}  ${event.scenario}`
    case 'not met':
      return `${count} ${colours.red('NOT MET')}  ${secondsText(event.ms).padStart(7)}  ${event.scenario}`
    case 'skipped':
      return `${count} ${colours.yellow('skipped')}           ${event.scenario}: ${event.skipReason ?? 'no reason given'}`
  }
}

/** Where progress goes: standard error, so that results can be piped. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressDisplay {
  handle(event: ProgressEvent): void
  /** Prints a text above the status line, such as a failure. */
  print(text: string): void
  /** Takes the status line away. */
  close(): void
}

/**
 * Shows progress: on a terminal one line that rewrites itself (and a lasting line for each scenario that is not met),
 * elsewhere a plain line per finished scenario.
 */
export function createProgress(
  stream: ProgressStream,
  { now = () => performance.now(), colours = plain }: { readonly now?: () => number; readonly colours?: Colours } = {},
): ProgressDisplay {
  const live = stream.isTTY === true
  let state = noProgress
  const erase = '\r\u001b[2K'
  const draw = () => {
    if (live) stream.write(erase + colours.dim(statusLine(state, now(), stream.columns ?? 80)))
  }
  const print = (text: string) => {
    stream.write(`${live ? erase : ''}${text}\n`)
    draw()
  }
  const timer = live ? setInterval(draw, 250).unref() : undefined
  return {
    handle(event) {
      state = progressAfter(state, event)
      if (event.kind === 'finish' && (!live || event.status === 'not met')) print(finishedLine(state, event, colours))
      else draw()
    },
    print,
    close() {
      clearInterval(timer)
      if (live) stream.write(erase)
    },
  }
}
