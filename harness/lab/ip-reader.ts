import type { Channel, Place, RemoteProcess } from '../machines/channel/channel.ts'

/** What is asked of `ip` for a graph, one JSON line each. */
export const graphQuestions = ['addr show', 'route show table all', 'neigh show'] as const

/** Milliseconds after which an `ip` that stays silent is given up. */
const answerMs = 3000

/** The answers to {@link graphQuestions}, in their order. */
export type Answers = readonly string[]

/**
 * An `ip -batch` that stays in one namespace and answers again and again: starting a process costs ten times what the
 * question does. It holds its namespace open, so it is for namespaces that live as long as the lab.
 */
export interface IpReader {
  /** Undefined when the process is gone or does not answer: then ask by a process of its own. */
  readonly ask: () => Promise<Answers | undefined>
}

export function ipReader(channel: Channel, place: Place): IpReader {
  let child: Promise<RemoteProcess> | undefined
  let pending = ''
  let arrived: () => void = () => undefined
  let gone = false
  let turn: Promise<unknown> = Promise.resolve()

  async function start(): Promise<RemoteProcess> {
    const started = await channel.spawn(['ip', '-d', '-j', '-batch', '-'], { place })
    started.stdin.on('error', () => undefined)
    started.stdout.on('data', (piece: Buffer) => {
      pending += piece.toString()
      arrived()
    })
    started.stderr.resume()
    const end = (): void => {
      gone = true
      arrived()
    }
    started.exit.then(end, end)
    return started
  }

  async function ask(): Promise<Answers | undefined> {
    if (gone) return undefined
    const process = await (child ??= start())
    pending = ''
    const complete = new Promise<Answers | undefined>((resolve) => {
      const timer = setTimeout(() => {
        gone = true
        arrived()
      }, answerMs)
      arrived = () => {
        const lines = pending.split('\n')
        if (!gone && lines.length <= graphQuestions.length) return
        clearTimeout(timer)
        resolve(gone ? undefined : lines.slice(0, graphQuestions.length))
      }
    })
    process.stdin.write(graphQuestions.map((question) => `${question}\n`).join(''))
    return complete
  }

  return {
    ask: () => {
      const mine = turn.then(ask)
      turn = mine.catch(() => undefined)
      return mine
    },
  }
}
