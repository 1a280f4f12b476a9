import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { NetwrightError } from '../../model/errors.ts'
import type { AgentChannel, Channel, RemoteProcess } from './channel.ts'
import { openChannel, type Transport } from './open-channel.ts'

/** Milliseconds until a sandbox that does not end by itself is killed. */
const endingMs = 2000
/** Bytes of a password. */
const passwordBytes = 32

/**
 * Opens a sandbox on this machine as a copy of a running agent, which takes neither a new program nor its memory. It
 * speaks over a connection of its own, and ends with the agent that it is a copy of.
 *
 * @throws NETWRIGHT_AGENT when the sandbox cannot be made
 */
export async function openForkedAgent(first: AgentChannel): Promise<{ channel: Channel; pid: number }> {
  const address = `netwright-${randomBytes(16).toString('hex')}`
  const password = randomBytes(passwordBytes / 2).toString('hex')
  const server = createServer()
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(`\0${address}`)
  try {
    await once(server, 'listening')
    const connected = connectionWith(server, password)
    const child = await first.startSandbox(address, password)
    const socket = await Promise.race([connected, lostBefore(child)])
    const channel = await openChannel(transportOver(socket, child))
    sockets.delete(socket)
    return { channel, pid: child.pid }
  } catch (cause) {
    throw new NetwrightError('NETWRIGHT_AGENT', 'The sandbox did not start', {
      ...(cause instanceof Error ? { stderr: cause.message } : {}),
      cause,
    })
  } finally {
    server.close()
    // Strangers, who would keep this process alive; and the sandbox that did not come to be.
    for (const socket of sockets) socket.destroy()
  }
}

/** The connection whose first bytes are the password: anybody on this machine may connect. */
function connectionWith(server: Server, password: string): Promise<Socket> {
  return new Promise((resolve) => {
    server.on('connection', (socket) => {
      socket.on('error', () => undefined)
      const listen = (): void => {
        const said = socket.read(passwordBytes) as Buffer | null
        if (said === null) return
        socket.off('readable', listen)
        if (said.toString() === password) resolve(socket)
        else socket.destroy()
      }
      socket.on('readable', listen)
    })
  })
}

async function lostBefore(child: RemoteProcess): Promise<never> {
  const { code, signal } = await child.exit
  throw new Error(`it ended with ${signal ?? `exit code ${String(code)}`}`)
}

function transportOver(socket: Socket, child: RemoteProcess): Transport {
  const ended = child.exit.then(
    () => '',
    (error: unknown) => (error instanceof NetwrightError ? (error.details.stderr ?? error.message) : String(error)),
  )
  const killLater = (): void => {
    const timer = setTimeout(() => child.kill('SIGKILL'), endingMs)
    void ended.then(() => clearTimeout(timer))
  }
  socket.once('close', killLater)
  void ended.then(() => socket.destroy())
  return {
    input: socket,
    output: socket,
    ended,
    destroy: () => {
      killLater()
      // Not destroyed at once: what the other end has written and nobody read would look to it like an error.
      socket.end()
      socket.resume()
    },
  }
}
