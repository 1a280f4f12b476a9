import { afterAll, describe } from 'vitest'
import type { Machine } from './machines/machine.ts'
import { commandTests } from './machines/conformance/commands.ts'
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
 * @param factory - starts a machine; it is disposed after the tests
 *
 * @example
 * import { machineConformance } from 'netwright/conformance'
 *
 * machineConformance('teapot', () => teapotMachine())
 */
export function machineConformance(name: string, factory: () => Promise<Machine>): void {
  describe(`machine ${name}`, () => {
    const subject = subjectOf(factory)
    afterAll(subject.dispose)
    describe('commands', () => commandTests(subject))
    describe('streams', () => streamTests(subject))
    describe('networks', () => networkTests(subject))
    describe('sandboxes', () => sandboxTests(subject))
    describe('what it says', () => machineTests(subject))
  })
}

export type { Ability, Feature, Machine } from './machines/machine.ts'
export type { Channel } from './machines/channel/channel.ts'
