import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { farEndError } from './answers.ts'
import type { AgentChannel, RemoteProcess, RunOutput } from './channel.ts'
import type { Exchange } from './exchange.ts'
import { remoteProcess, type ProcessEvents } from './remote-process.ts'
import { decodeList, encodeList } from './wire-format.ts'

const defaultEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}

const signalName = new Map(Object.entries(constants.signals).map(([name, n]) => [n, name as NodeJS.Signals]))

/** Commands at the far end. */
export function processesOver(exchange: Exchange): Pick<AgentChannel, 'spawn' | 'run' | 'startSandbox'> {
  const start = (type: 'X' | 'B', payload: Uint8Array): Promise<RemoteProcess> =>
    new Promise((resolve, reject) => {
      let events: ProcessEvents | undefined
      const id = exchange.subscribe(type, payload, (frame) => {
        switch (frame.type) {
          case 's': {
            const made = remoteProcess(Number(decodeList(frame.payload)[0]?.toString()), {
              write: (chunk) => {
                exchange.send('I', id, chunk)
              },
              end: () => {
                if (exchange.over() === undefined) exchange.send('E', id)
              },
              kill: (signal) => {
                if (exchange.over() === undefined) exchange.send('K', id, encodeList([constants.signals[signal]]))
              },
            })
            events = made.events
            resolve(made.process)
            return
          }
          case 'f':
            exchange.unsubscribe(id)
            reject(farEndError(frame))
            return
          case 'o':
            events?.stdout(frame.payload)
            return
          case 'e':
            events?.stderr(frame.payload)
            return
          case 'w':
            events?.consumed(Number(decodeList(frame.payload)[0]?.toString()))
            return
          case 'x': {
            exchange.unsubscribe(id)
            const [code, signal, timedOut] = decodeList(frame.payload).map((b) => b.toString())
            events?.exited({
              code: code === '' || code === undefined ? null : Number(code),
              signal: signalName.get(Number(signal)) ?? null,
              timedOut: timedOut === '1',
            })
            return
          }
          case '!':
            if (events) events.lost(exchange.lost())
            else reject(exchange.lost())
        }
      })
    })
  const processes: Pick<AgentChannel, 'spawn' | 'run' | 'startSandbox'> = {
    spawn: (argv, options = {}) => {
      const env = Object.entries(options.env ?? defaultEnvironment).map(([k, v]) => `${k}=${v}`)
      const payload = [
        options.place?.net ?? '',
        options.place?.mnt ?? '',
        options.cwd ?? '',
        options.timeoutMs ?? 0,
        env.length,
        ...env,
        ...argv,
      ]
      return start('X', encodeList(payload))
    },
    startSandbox: (address, password) => start('B', encodeList([address, password])),

    run: async (argv, options = {}): Promise<RunOutput> => {
      const child = await processes.spawn(argv, options)
      options.onStarted?.(child)
      child.stdin.on('error', () => undefined) // a command may close its stdin early
      child.stdin.end(options.input ?? '')
      const [stdout, stderr, exit] = await Promise.all([gather(child.stdout), gather(child.stderr), child.exit])
      return { ...exit, stdout, stderr }
    },
  }
  return processes
}

/** Everything a stream holds until its end; the streams of a command end with it. */
async function gather(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
