import type { Readable, Writable } from 'node:stream'
import { NetwrightError } from '../../model/errors.ts'
import { farEndError } from './answers.ts'
import { encodeFrame, frameSplitter, type ChannelFrame } from './wire-format.ts'

/** The bytes of a channel and the way to end its far end for good. */
export interface Transport {
  readonly input: Writable
  readonly output: Readable
  /** Resolves when the far end is gone, with its last words if it had any. */
  readonly ended: Promise<string>
  readonly destroy: () => void
}

interface Waiter {
  readonly resolve: (frame: ChannelFrame) => void
  readonly reject: (error: Error) => void
}

/** Questions and answers over one pair of streams, many at a time, told apart by numbers. */
export interface Exchange {
  /** Why nothing can be said any more, once that is so. */
  readonly over: () => NetwrightError | undefined
  /** The same for who waits for an answer. */
  readonly lost: () => NetwrightError
  /** The far end has said that it is there. */
  readonly greeted: Promise<void>
  readonly closed: Promise<void>
  readonly nextId: () => number
  readonly send: (type: string, id: number, payload?: Uint8Array) => void
  /** Asks, and waits for the one answer. */
  readonly request: (type: string, payload: Uint8Array, id?: number) => Promise<ChannelFrame>
  /** Waits for the one answer with a number. */
  readonly answerTo: (id: number) => Promise<ChannelFrame>
  /** A request whose number goes on receiving frames; `onFrame` gets every frame until it is unsubscribed, and `!` at the end. */
  readonly subscribe: (type: string, payload: Uint8Array, onFrame: (frame: ChannelFrame) => void) => number
  /** Whether it was still subscribed. */
  readonly unsubscribe: (id: number) => boolean
}

export function openExchange(transport: Transport): Exchange {
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
  function subscribe(type: string, payload: Uint8Array, onFrame: (frame: ChannelFrame) => void): number {
    const id = nextId++
    if (over) throw over
    listeners.set(id, onFrame)
    send(type, id, payload)
    return id
  }
  return {
    over: () => over,
    lost: () => over ?? new NetwrightError('NETWRIGHT_CHANNEL_CLOSED', 'The channel is closed'),
    greeted,
    closed,
    nextId: () => nextId++,
    send,
    request,
    answerTo: (id) => new Promise((resolve, reject) => waiters.set(id, { resolve, reject })),
    subscribe,
    unsubscribe: (id) => listeners.delete(id),
  }
}
