import type { TestContext } from 'vitest'
import type { Channel } from '../channel/channel.ts'
import type { Feature, Machine } from '../machine.ts'

/** What the tests of one machine share. */
export interface Subject {
  /** The machine under test; started once. */
  readonly machine: () => Promise<Machine>
  /** One more of its kind, which the test disposes of. */
  readonly another: () => Promise<Machine>
  /** A sandbox of the test's own, closed when the test ends. */
  readonly sandbox: (context: TestContext) => Promise<Channel>
}

/** Starts the machine when the first test asks for it. */
export function subjectOf(factory: () => Promise<Machine>): Subject & { readonly dispose: () => Promise<void> } {
  let started: Promise<Machine> | undefined
  const machine = (): Promise<Machine> => (started ??= factory())
  return {
    machine,
    another: factory,
    sandbox: async (context) => {
      const channel = await (await machine()).openSandbox()
      context.onTestFinished(() => channel.close())
      return channel
    },
    dispose: async () => {
      await (await started)?.dispose()
    },
  }
}

/** Skips the test with the machine's own reason when it cannot do what the test is about. */
export async function needs(context: TestContext, subject: Subject, ...features: readonly Feature[]): Promise<void> {
  const machine = await subject.machine()
  for (const feature of features) {
    const ability = await machine.can(feature)
    if (!ability.able) context.skip(ability.reason)
  }
}

/** Looks again and again until it holds. @throws after the deadline, with what was seen last */
export async function eventually(what: string, look: () => Promise<string | true>, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const seen = await look()
    if (seen === true) return
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms; last seen: ${seen}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** PIDs of the sandbox's processes whose command line holds a text that no other test uses. */
export async function pidsOf(channel: Channel, marker: string): Promise<string> {
  const script =
    'for d in /proc/[0-9]*; do tr "\\0" " " <$d/cmdline 2>/dev/null | grep -q "^sleep $1" && echo ${d#/proc/}; done; :'
  return (await channel.run(['sh', '-c', script, 'sh', marker])).stdout.toString().trim()
}
