import { NetwrightError } from '../../model/errors.ts'
import type { Channel } from './channel.ts'
import { openChannel, type Transport } from './open-channel.ts'

/**
 * Starts an agent through another agent's channel: a sandbox on a machine that is reached by one stream only.
 * It ends with the channel that carries it.
 *
 * @param argv - command that runs the agent on its standard streams, as the far end sees it
 * @throws NETWRIGHT_AGENT when the agent ends before it greets
 */
export async function openNestedAgent(carrier: Channel, argv: readonly string[]): Promise<Channel> {
  const child = await carrier.spawn(argv)
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4096)
  })
  const transport: Transport = {
    input: child.stdin,
    output: child.stdout,
    ended: child.exit.then(
      () => words.trim(),
      // The carrier's own words say more than those of what it carried.
      (error: unknown) => (error instanceof NetwrightError ? (error.details.stderr ?? error.message) : String(error)),
    ),
    destroy: () => {
      child.stdin.end()
      child.kill('SIGKILL')
    },
  }
  try {
    return { ...(await openChannel(transport)), carrierPid: child.pid }
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_AGENT', 'The sandbox did not start', {
      command: argv.join(' '),
      stderr: await transport.ended,
      cause,
    })
  }
}
