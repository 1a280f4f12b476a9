import { afterAll, describe, expect, test, vi, type TestContext } from 'vitest'
import { vmMachine } from '../machines/vm/vm-machine.ts'
import type { Trial } from './testing/bench.ts'
import { ipvlanTrials } from './testing/ipvlan-trials.ts'
import { tryOut } from './testing/try-out.ts'
import { vrfTrials } from './testing/vrf-trials.ts'

// Emulated processors are an order slower, and the first run fetches the kernel.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

/** A kernel with ipvlan, wherever the tests run. */
const kernel = '6.1'

/** The machine, or why none can be started here. */
const machine = await vmMachine(kernel).catch((error: unknown) =>
  error instanceof Error ? (error.message.split('\n')[0] ?? error.message) : String(error),
)
afterAll(() => (typeof machine === 'string' ? undefined : machine.dispose()))

/** What kernels without modules often lack. */
const trials = [
  ...Object.entries(ipvlanTrials).map(([reason, of]) => ({ reason, on: 'ipvlan', ...of })),
  ...Object.entries(vrfTrials).map(([reason, of]) => ({ reason, on: 'vrf', ...of })),
]

describe.each(trials)('$reason of $on', ({ reason, provoked, alike }) => {
  test('its trials are about it, and have look-alikes', () => {
    expect(provoked.every(({ is }) => is.startsWith(`${reason} at `))).toBe(true)
    expect(alike.length).toBeGreaterThan(0)
  })
  if (provoked.length > 0) test.for(provoked)('is proved: $what', tryOutThere)
  test.for(alike)('look-alike: $what', tryOutThere)

  async function tryOutThere(trial: Trial, { skip }: TestContext): Promise<void> {
    if (typeof machine === 'string') return skip(machine)
    await tryOut(machine, trial)
  }
})
