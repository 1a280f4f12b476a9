import { netlinkDump, netlinkMessage, text } from './answers.ts'
import type { AgentChannel, FileOperation } from './channel.ts'
import { openExchange, type Transport } from './exchange.ts'
import { socketsOver } from './frames-and-sockets.ts'
import { neighbourTable } from './neighbour-table.ts'
import { processesOver } from './processes.ts'
import { decodeList, encodeList } from './wire-format.ts'

export type { Transport } from './exchange.ts'

/**
 * Speaks to an agent over a pair of streams.
 *
 * @throws NETWRIGHT_AGENT when the far end ends before it greets
 */
export async function openChannel(transport: Transport): Promise<AgentChannel> {
  const exchange = openExchange(transport)
  const { closed, request } = exchange
  const channel: AgentChannel = {
    ...processesOver(exchange),
    ...socketsOver(exchange),

    makeHost: async () => Number(text(await request('H', Buffer.alloc(0)))),

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

    change: async (net, requests) => {
      const messages = requests.map(netlinkMessage)
      const [position, errno, words] = decodeList((await request('R', encodeList([net, ...messages]))).payload)
      if (position === undefined) return undefined
      return { position: Number(position), errno: Number(errno), words: String(words) }
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
    exchange.greeted,
    closed.then(() => {
      throw exchange.lost()
    }),
  ])
  return channel
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
