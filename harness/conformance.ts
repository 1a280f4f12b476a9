import { afterAll, describe } from 'vitest'
import type { Machine } from './machines/machine.ts'
import { commandTests } from './machines/conformance/commands.ts'
import { disposalTests } from './machines/conformance/disposal.ts'
import { labTests } from './machines/conformance/labs.ts'
import { leftoverTests, type KilledStart } from './machines/conformance/leftovers.ts'
import { machineTests } from './machines/conformance/machine.ts'
import { networkTests } from './machines/conformance/network.ts'
import { sandboxTests } from './machines/conformance/sandboxes.ts'
import { streamTests } from './machines/conformance/streams.ts'
import { subjectOf } from './machines/conformance/subject.ts'

/**
 * The tests that every machine kind passes, for vitest. What a machine cannot do (IPv6, say) is skipped with the
 * reason that the machine itself gives; there are no options.
 *
 * @param name - of the machine kind, as on the command line
 * @param factory - starts a machine; it is disposed after the tests. One test starts a second one beside it
 * @param killed - how another process starts one: it is then killed with SIGKILL, and nothing may be left. Leave it out
 *   only where a test of your own does that
 *
 * @example
 * import { machineConformance } from 'netwright/conformance'
 *
 * machineConformance('teapot', () => teapotMachine(), {
 *   module: new URL('./teapot-machine.ts', import.meta.url),
 *   start: 'teapotMachine',
 * })
 */
export function machineConformance(name: string, factory: () => Promise<Machine>, killed?: KilledStart): void {
  describe(`machine ${name}`, () => {
    const subject = subjectOf(factory)
    afterAll(subject.dispose)
    describe('commands', () => commandTests(subject))
    describe('streams', () => streamTests(subject))
    describe('networks', () => networkTests(subject))
    describe('sandboxes', () => sandboxTests(subject))
    describe('labs', () => labTests(subject))
    describe('what it says', () => machineTests(subject))
    describe('disposal', () => disposalTests(subject))
    if (killed !== undefined) describe('leftovers', () => leftoverTests(killed))
  })
}

export type { KilledStart } from './machines/conformance/leftovers.ts'

// What a machine is made of: see docs/machine-kinds.md.
export type { Ability, Feature, Machine } from './machines/machine.ts'
export type { MachineFacts } from './model/results.ts'
export { openAbilities, type Abilities } from './machines/ability.ts'
export { agentCommand, agentFile, localArch, openLocalAgent } from './machines/channel/agent-process.ts'
export { FarEndError, type Channel } from './machines/channel/channel.ts'
export { openNestedAgent } from './machines/channel/nested-agent.ts'
export { openChannel, type Transport } from './machines/channel/open-channel.ts'
