import type { Channel, FileOperation, Place, SpawnOptions, Spread } from '../channel/channel.ts'
import { clockOffset } from './clock-offset.ts'
import { commonTime } from './common-time.ts'

/** One machine's share of a sandbox that spans several. */
export interface Part {
  /** What paths of this machine begin with; empty for the first. */
  readonly root: string
  readonly channel: Channel
}

/** The root of the machine at a position, counted from 0. */
export function rootAt(position: number): string {
  return position === 0 ? '' : `/@${String(position + 1)}`
}

/**
 * Makes the channels of several sandboxes one: each request goes to the machine whose root its path begins with. Time
 * stamps of captured frames are those of the harness's clock, whichever machine stamped them.
 */
export async function joinChannels(parts: readonly Part[], spread: Spread): Promise<Channel> {
  const [first] = parts
  if (first === undefined) throw new Error('no machine')
  const time = commonTime(await Promise.all(parts.map(({ channel }) => clockOffset(channel))))
  const at = (path: string): readonly [part: Part, path: string] => {
    const part = parts.findLast(({ root }) => path === root || path.startsWith(`${root}/`)) ?? first
    return [part, path.slice(part.root.length)]
  }
  const placeAt = (place: Place = {}): readonly [Part, Place] => {
    const [part] = at(place.net ?? place.mnt ?? '')
    const own = (path: string): string => at(path)[1]
    return [
      part,
      {
        ...(place.net === undefined ? {} : { net: own(place.net) }),
        ...(place.mnt === undefined ? {} : { mnt: own(place.mnt) }),
      },
    ]
  }
  const routed = <Options extends SpawnOptions>(options: Options | undefined): readonly [Channel, Options] => {
    const [part, place] = placeAt(options?.place)
    return [part.channel, { ...options, place } as Options]
  }
  /** Asks each machine about its own paths; the answers are in the order of all paths. */
  async function each<T>(
    paths: readonly string[],
    ask: (part: Part, own: readonly string[], positions: readonly number[]) => Promise<readonly T[]>,
  ): Promise<T[]> {
    const answers: T[] = []
    await Promise.all(
      parts.map(async (part) => {
        const positions = paths.flatMap((path, position) => (at(path)[0] === part ? [position] : []))
        if (positions.length === 0) return
        const own = positions.map((position) => at(paths[position] ?? '')[1])
        const answered = await ask(part, own, positions)
        positions.forEach((position, i) => {
          const answer = answered[i]
          if (answer !== undefined) answers[position] = answer
        })
      }),
    )
    return answers
  }

  const close = async (): Promise<void> => {
    await Promise.all(parts.map(({ channel }) => channel.close()))
  }
  const closed = Promise.race(parts.map(({ channel }) => channel.closed))
  // A lab that lost one of its machines is over.
  void closed.then(close)

  return {
    spread,
    spawn: (argv, options) => {
      const [channel, own] = routed(options)
      return channel.spawn(argv, own)
    },
    run: (argv, options) => {
      const [channel, own] = routed(options)
      return channel.run(argv, own)
    },
    makeHost: (root = '') => at(root)[0].channel.makeHost(),
    capture: (net, onFrame) => {
      const [part, path] = at(net)
      const machine = parts.indexOf(part)
      return part.channel.capture(path, (frame) => {
        time.note(machine, frame)
        onFrame({
          ...frame,
          // Looked at later, when more is known of the clocks; all of one machine's are moved alike.
          get timestamp() {
            return frame.timestamp - time.ahead(machine)
          },
        })
      })
    },
    inject: (net, ifindex, frame) => {
      const [{ channel }, path] = at(net)
      return channel.inject(path, ifindex, frame)
    },
    probe: (probe) => {
      const [{ channel }, net] = at(probe.net)
      return channel.probe({ ...probe, net })
    },
    listen: (service) => {
      const [{ channel }, net] = at(service.net)
      return channel.listen({ ...service, net })
    },
    files: async (net, operations) => {
      if (net !== '') {
        const [{ channel }, path] = at(net)
        return channel.files(path, operations)
      }
      const answers = new Map<string, string>()
      await Promise.all(
        parts.map(async (part) => {
          const own = operations.flatMap((operation): FileOperation[] => {
            const [of, path] = at(operation.path)
            return of === part ? [{ ...operation, path }] : []
          })
          if (own.length === 0) return
          for (const [path, answer] of await part.channel.files('', own)) answers.set(`${part.root}${path}`, answer)
        }),
      )
      return answers
    },
    namespaceIds: (paths) =>
      each(paths, async (part, own, positions) => {
        const rows = await part.channel.namespaceIds(own)
        return rows.map((row) => {
          const ids = paths.map(() => -1) // a namespace of another machine has no id here
          positions.forEach((position, i) => (ids[position] = row[i] ?? -1))
          return ids
        })
      }),
    dump: (nets) => each(nets, (part, own) => part.channel.dump(own)),
    change: (net, requests) => {
      const [{ channel }, path] = at(net)
      return channel.change(path, requests)
    },
    neighbours: (mode, nets) => each(nets, (part, own) => part.channel.neighbours(mode, own)),
    ping: async () => {
      await Promise.all(parts.map(({ channel }) => channel.ping()))
    },
    clock: () => first.channel.clock(),
    closed,
    close,
  }
}
