import { farEndError, text } from './answers.ts'
import type { Capture, Channel, RunningProbe, SocketOutcome } from './channel.ts'
import type { Exchange } from './exchange.ts'
import { decodeList, encodeList } from './wire-format.ts'

/** What is captured, sent and listened for at the far end. */
export function socketsOver(exchange: Exchange): Pick<Channel, 'capture' | 'inject' | 'probe' | 'listen'> {
  return {
    capture: async (net, onFrame): Promise<Capture> => {
      let id = 0
      await new Promise<void>((resolve, reject) => {
        id = exchange.subscribe('C', encodeList([net]), (frame) => {
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
            exchange.unsubscribe(id)
            reject(frame.type === 'f' ? farEndError(frame) : exchange.lost())
          }
        })
      })
      return {
        sync: async () => {
          const query = exchange.nextId()
          const answered = exchange.answerTo(query)
          exchange.send('D', id, encodeList([query]))
          return Number(text(await answered))
        },
        close: () => {
          exchange.unsubscribe(id)
          if (exchange.over() === undefined) exchange.send('Z', id)
        },
      }
    },

    inject: async (net, ifindex, bytes) => {
      await exchange.request('J', encodeList([net, ifindex, bytes]))
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
        const id = exchange.subscribe('P', payload, (frame) => {
          if (frame.type === 'l') {
            const close = (): void => {
              if (exchange.unsubscribe(id) && exchange.over() === undefined) exchange.send('U', id)
            }
            resolve({ port: Number(text(frame)), outcome, close })
          } else if (frame.type === 'q') {
            exchange.unsubscribe(id)
            const [kind, errno, words] = decodeList(frame.payload).map((b) => b.toString())
            const said: SocketOutcome = { kind: kind as SocketOutcome['kind'], errno: Number(errno), text: words ?? '' }
            settle(said)
            resolve({ port: 0, outcome, close: () => undefined }) // no-op unless it failed before it had a port
          } else {
            exchange.unsubscribe(id)
            const error = frame.type === 'f' ? farEndError(frame) : exchange.lost()
            reject(error)
            settle({ kind: 'error', errno: 0, text: error.message })
          }
        })
      }),

    listen: async (s) => {
      const id = exchange.nextId()
      const group = s.group ? [s.group.address, s.group.ifindex] : ['', 0]
      await exchange.request('L', encodeList([s.net, s.family, s.kind, s.port, ...group]), id)
      return () => {
        if (exchange.over() === undefined) exchange.send('U', id)
      }
    },
  }
}
