import { describe, expect, test } from 'vitest'
import { createProgress, noProgress, progressAfter, statusLine } from './progress.ts'
import type { ProgressEvent } from './progress.ts'

const events: readonly ProgressEvent[] = [
  { kind: 'plan', total: 12, at: 1000 },
  { kind: 'start', scenario: 'two namespaces answer', at: 1000 },
  { kind: 'start', scenario: 'ns → host fails until mac0', at: 1000 },
  { kind: 'finish', scenario: 'two namespaces answer', status: 'met', ms: 412, at: 1412 },
  { kind: 'start', scenario: 'ipvlan l3', at: 1413 },
  {
    kind: 'finish',
    scenario: 'ipvlan l3',
    status: 'skipped',
    skipReason: 'kernel has no ipvlan: CONFIG_IPVLAN is not set',
    ms: 0,
    at: 1414,
  },
  { kind: 'finish', scenario: 'ns → host fails until mac0', status: 'not met', ms: 1204, at: 2204 },
]

/** A stream that keeps what was written, with a clock that the events set. */
const shown = (isTTY: boolean) => {
  let [text, clock] = ['', 0]
  const stream = { isTTY, columns: 60, write: (part: string) => (text += part) }
  const display = createProgress(stream, { now: () => clock })
  for (const event of events) {
    clock = event.at
    display.handle(event)
  }
  display.close()
  return text
}

test('elsewhere than on a terminal: one line per finished scenario', () => {
  expect(shown(false)).toMatchInlineSnapshot(`
    "[ 1/12] met       0.41 s  two namespaces answer
    [ 2/12] skipped           ipvlan l3: kernel has no ipvlan: CONFIG_IPVLAN is not set
    [ 3/12] NOT MET   1.20 s  ns → host fails until mac0
    "
  `)
})

test('on a terminal: one rewriting line, and lasting lines for what is not met', () => {
  expect(shown(true).replaceAll('\r\u001b[2K', '\n<erase>')).toMatchInlineSnapshot(`
    "
    <erase>0/12 · 0.00 s
    <erase>0/12 · 0.00 s · two namespaces answer
    <erase>0/12 · 0.00 s · two namespaces answer + ns → host fails un…
    <erase>1/12 · 0.41 s, about 4.53 s left · ns → host fails until m…
    <erase>1/12 · 0.41 s, about 4.54 s left · ns → host fails until m…
    <erase>2/12 · 0.41 s, about 4.14 s left · ns → host fails until m…
    <erase>[ 3/12] NOT MET   1.20 s  ns → host fails until mac0

    <erase>3/12 · 1.20 s, about 5.42 s left · 1 not met
    <erase>"
  `)
})

describe('the status line', () => {
  test('fits the terminal', () => {
    const state = events.slice(0, 3).reduce(progressAfter, noProgress)
    expect(statusLine(state, 1100, 40)).toMatchInlineSnapshot(`"0/12 · 0.10 s · two namespaces answer …"`)
  })

  test('skipped scenarios do not make the rest look cheap', () => {
    const skip: ProgressEvent = { kind: 'finish', scenario: 'x', status: 'skipped', ms: 0, at: 0 }
    const state = [...events, skip, skip, skip].reduce(progressAfter, noProgress)
    expect(statusLine(state, 3000, 80)).toMatchInlineSnapshot(`"6/12 · 2.00 s, about 6.00 s left · 1 not met"`)
  })
})
