import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import {
  FarEndError,
  type NetlinkDump,
  type Capture,
  type Channel,
  type FileOperation,
  type RunOutput,
  type RunningProbe,
  type SocketOutcome,
} from './channel.ts'
import { remoteProcess, type ProcessEvents } from './remote-process.ts'
import { neighbourTable } from './neighbour-table.ts'
import { decodeList, encodeFrame, encodeList, frameSplitter, type ChannelFrame } from './wire-format.ts'

/** The bytes of a channel and the way to end its far end for good. */
export interface Transport {
  readonly input: Writable
  readonly output: Readable
  /** Resolves when the far end is gone, with its last words if it had any. */
  readonly ended: Promise<string>
  readonly destroy: () => void
}

const defaultEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C',
}

const signalName = new Map(Object.entries(constants.signals).map(([name, n]) => [n, name as NodeJS.Signals]))

interface Waiter {
  readonly resolve: (frame: ChannelFrame) => void
  readonly reject: (error: Error) => void
}

/**
 * Speaks to an agent over a pair of streams.
 *
 * @throws NETWRIGHT_AGENT when the far end ends before it greets
 */
export async function openChannel(transport: Transport): Promise<Channel> {
  const waiters = new Map<number, Waiter>()
  const listeners = new Map<number, (frame: ChannelFrame) => void>()
  let nextId = 1
  let over: NetwrightError | undefined

  const greeted = new Promise<void>((resolve, reject) => {
    waiters.set(0, {
      resolve: () => {
        resolve()
      },
      reject,
    })
  })
  transport.output.on(
    'data',
    frameSplitter((frame) => {
      const listener = listeners.get(frame.id)
      if (listener) {
        listener(frame)
        return
      }
      const waiter = waiters.get(frame.id)
      if (!waiter) return
      waiters.delete(frame.id)
      if (frame.type === 'f') waiter.reject(farEndError(frame))
      else waiter.resolve(frame)
    }),
  )
  transport.input.on('error', () => undefined) // the end of the far end is told by `ended`
  const closed = transport.ended.then((words) => {
    over = new NetwrightError('NETWRIGHT_CHANNEL_CLOSED', 'The far end of the channel is gone', { stderr: words })
    for (const waiter of waiters.values()) waiter.reject(over)
    waiters.clear()
    for (const [id, listener] of [...listeners]) listener({ type: '!', id, payload: Buffer.alloc(0) })
    listeners.clear()
  })

  let corked = false
  function send(type: string, id: number, payload?: Uint8Array): void {
    if (over) throw over
    // What is said in one turn travels in one system call, and is read in one.
    if (!corked) {
      corked = true
      transport.input.cork()
      process.nextTick(() => {
        corked = false
        transport.input.uncork()
      })
    }
    transport.input.write(encodeFrame(type, id, payload))
  }
  function request(type: string, payload: Uint8Array, id = nextId++): Promise<ChannelFrame> {
    return new Promise((resolve, reject) => {
      if (over) {
        reject(over)
        return
      }
      waiters.set(id, { resolve, reject })
      send(type, id, payload)
    })
  }
  /** A request whose id goes on receiving frames; `onFrame` gets every frame until the listener is removed. */
  function subscribe(type: string, payload: Uint8Array, onFrame: (frame: ChannelFrame) => void): number {
    const id = nextId++
    if (over) throw over
    listeners.set(id, onFrame)
    send(type, id, payload)
    return id
  }

  const channel: Channel = {
    spawn: (argv, options = {}) =>
      new Promise((resolve, reject) => {
        const env = Object.entries(options.env ?? defaultEnvironment).map(([k, v]) => `${k}=${v}`)
        const payload = encodeList([
          options.place?.net ?? '',
          options.place?.mnt ?? '',
          options.cwd ?? '',
          options.timeoutMs ?? 0,
          env.length,
          ...env,
          ...argv,
        ])
        let events: ProcessEvents | undefined
        const id = subscribe('X', payload, (frame) => {
          switch (frame.type) {
            case 's': {
              const made = remoteProcess(Number(decodeList(frame.payload)[0]?.toString()), {
                write: (chunk) => {
                  send('I', id, chunk)
                },
                end: () => {
                  if (!over) send('E', id)
                },
                kill: (signal) => {
                  if (!over) send('K', id, encodeList([constants.signals[signal]]))
                },
              })
              events = made.events
              resolve(made.process)
              return
            }
            case 'f':
              listeners.delete(id)
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
              listeners.delete(id)
              const [code, signal, timedOut] = decodeList(frame.payload).map((b) => b.toString())
              events?.exited({
                code: code === '' || code === undefined ? null : Number(code),
                signal: signalName.get(Number(signal)) ?? null,
                timedOut: timedOut === '1',
              })
              return
            }
            case '!':
              if (events && over) events.lost(over)
              else reject(over ?? new Error('channel closed'))
          }
        })
      }),

    run: async (argv, options = {}): Promise<RunOutput> => {
      const child = await channel.spawn(argv, options)
      options.onStarted?.(child)
      child.stdin.on('error', () => undefined) // a command may close its stdin early
      child.stdin.end(options.input ?? '')
      const [stdout, stderr, exit] = await Promise.all([gather(child.stdout), gather(child.stderr), child.exit])
      return { ...exit, stdout, stderr }
    },

    makeHost: async () => Number(text(await request('H', Buffer.alloc(0)))),

    capture: async (net, onFrame): Promise<Capture> => {
      let id = 0
      await new Promise<void>((resolve, reject) => {
        id = subscribe('C', encodeList([net]), (frame) => {
          if (frame.type === 'p') {
            const p = frame.payload
            onFrame({
              ifindex: p.readUInt32BE(0),
              hatype: p.readUInt16BE(4),
              packetType: p.readUInt8(6),
              timestamp: BigInt(p.readUInt32BE(7)) * 1_000_000_000n + BigInt(p.readUInt32BE(11)),
              length: p.readUInt32BE(15),
              bytes: p.subarray(19),
            })
          } else if (frame.type === 'c') resolve()
          else {
            listeners.delete(id)
            reject(frame.type === 'f' ? farEndError(frame) : (over ?? new Error('channel closed')))
          }
        })
      })
      return {
        sync: async () => {
          const query = nextId++
          const answered = new Promise<ChannelFrame>((resolve, reject) => waiters.set(query, { resolve, reject }))
          send('D', id, encodeList([query]))
          return Number(text(await answered))
        },
        close: () => {
          listeners.delete(id)
          if (!over) send('Z', id)
        },
      }
    },

    inject: async (net, ifindex, bytes) => {
      await request('J', encodeList([net, ifindex, bytes]))
    },

    probe: (p): Promise<RunningProbe> =>
      new Promise((resolve, reject) => {
        let settle: (outcome: SocketOutcome) => void = () => undefined
        const outcome = new Promise<SocketOutcome>((done) => {
          settle = done
        })
        const payload = encodeList([
          p.net,
          p.family,
          p.kind,
          p.source ?? '',
          0,
          p.target,
          p.port,
          p.token,
          p.device ?? '',
          p.scope ?? 0,
          p.answerer ?? '',
        ])
        const id = subscribe('P', payload, (frame) => {
          if (frame.type === 'l') {
            const close = (): void => {
              if (listeners.delete(id) && !over) send('U', id)
            }
            resolve({ port: Number(text(frame)), outcome, close })
          } else if (frame.type === 'q') {
            listeners.delete(id)
            const [kind, errno, words] = decodeList(frame.payload).map((b) => b.toString())
            const said: SocketOutcome = { kind: kind as SocketOutcome['kind'], errno: Number(errno), text: words ?? '' }
            settle(said)
            resolve({ port: 0, outcome, close: () => undefined }) // no-op unless it failed before it had a port
          } else {
            listeners.delete(id)
            const error = frame.type === 'f' ? farEndError(frame) : (over ?? new Error('channel closed'))
            reject(error)
            settle({ kind: 'error', errno: 0, text: error.message })
          }
        })
      }),

    listen: async (s) => {
      const id = nextId++
      const group = s.group ? [s.group.address, s.group.ifindex] : ['', 0]
      await request('L', encodeList([s.net, s.family, s.kind, s.port, ...group]), id)
      return () => {
        if (!over) send('U', id)
      }
    },

    files: async (net, operations) => {
      const lines = operations.map(fileLine)
      const answers = decodeList((await request('T', encodeList([net, ...lines]))).payload)
      return new Map(
        answers.map((answer) => {
          const line = answer.toString()
          const tab = line.indexOf('\t')
          return [line.slice(0, tab), line.slice(tab + 1)]
        }),
      )
    },

    namespaceIds: async (paths) =>
      decodeList((await request('G', encodeList(paths))).payload).map((row) => row.toString().split(' ').map(Number)),

    dump: async (nets) => {
      const answers = decodeList((await request('M', encodeList(nets))).payload)
      return nets.map((_, position) => netlinkDump(answers.slice(5 * position, 5 * position + 5)))
    },

    neighbours: async (mode, nets) =>
      decodeList((await request('V', encodeList([mode === 'flush' ? 'f' : 'r', ...nets]))).payload).map(neighbourTable),

    ping: async () => {
      await request('Y', Buffer.alloc(0))
    },
    clock: async () => {
      const [seconds, nanoseconds] = decodeList((await request('N', Buffer.alloc(0))).payload)
      return BigInt(seconds?.toString() ?? 0) * 1_000_000_000n + BigInt(nanoseconds?.toString() ?? 0)
    },
    closed,
    close: async () => {
      transport.destroy()
      await closed
    },
  }
  await Promise.race([
    greeted,
    closed.then(() => {
      throw over ?? new Error('channel closed')
    }),
  ])
  return channel
}

/** Everything a stream holds until its end; the streams of a command end with it. */
async function gather(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function fileLine(operation: FileOperation): string {
  switch (operation.kind) {
    case 'read':
      return `r\t${operation.path}`
    case 'identify':
      return `i\t${operation.path}`
    case 'write':
      return `w\t${operation.path}\t${operation.value}`
  }
}

/** What the far end answers for one namespace: errno and words, or nothing, then the dumps. */
function netlinkDump([problem, links, addresses, routes, neighbours]: readonly Buffer[]): NetlinkDump | FarEndError {
  if (problem?.length === 0 && links && addresses && routes && neighbours)
    return { links, addresses, routes, neighbours }
  const [, errno = '0', words = 'no answer'] = /^(\d+) (.*)$/s.exec(problem?.toString() ?? '') ?? []
  return new FarEndError(words, Number(errno))
}

function text(frame: ChannelFrame): string {
  return decodeList(frame.payload)[0]?.toString() ?? ''
}

function farEndError(frame: ChannelFrame): FarEndError {
  const [words, errno] = decodeList(frame.payload).map((b) => b.toString())
  return new FarEndError(words ?? 'request failed', Number(errno ?? 0))
}
