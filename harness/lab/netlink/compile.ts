import { familyOf, toBytes } from '../../model/addresses.ts'
import type { NetlinkRequest } from '../../machines/channel/channel.ts'
import { address, link, nested, number, route, text, type Attribute } from './requests.ts'

/*
 * The harness types its own lines of `ip`: few forms, told in journals and repeated by scripts. Compiled, they need no process.
 * `compile.real.test.ts` lays the same lines both ways and compares what came out.
 */

/** What one line of a batch becomes, from its words; undefined when it is not in a form that is known here. */
type Form = (words: Words) => NetlinkRequest | undefined

/** What stands in a line: the words at its variable places. */
interface Words {
  readonly at: (name: string) => string
  readonly has: (name: string) => boolean
  /** The index of a device that this batch made, or that was known before. */
  readonly index: (name: string) => number | undefined
}

const [create, exclusive] = [0x400, 0x200] // NLM_F_CREATE, NLM_F_EXCL (linux/netlink.h)

const forms: readonly (readonly [RegExp, Form])[] = [
  [
    /^link add name (?<name>\S+) index (?<index>\d+) address (?<mac>\S+) netns (?<net>\d+) type veth peer name (?<peer>\S+) index (?<peerIndex>\d+) netns (?<peerNet>\d+)$/,
    ({ at }) =>
      link({ flags: create | exclusive, index: Number(at('index')) }, [
        text(3, at('name')),
        { number: 1, value: Buffer.from(at('mac').replaceAll(':', ''), 'hex') },
        number(19, Number(at('net'))),
        kind('veth', [
          nested(1, [text(3, at('peer')), number(19, Number(at('peerNet')))], {
            header: link({ flags: 0, index: Number(at('peerIndex')) }, []).body,
          }),
        ]),
      ]),
  ],
  [
    /^link add name (?<name>\S+) index (?<index>\d+) type bridge stp_state 0 forward_delay 0 mcast_snooping 0$/,
    ({ at }) =>
      link({ flags: create | exclusive, index: Number(at('index')) }, [
        text(3, at('name')),
        kind('bridge', [number(5, 0), number(1, 0), number(23, 0, 1)]),
      ]),
  ],
  [/^link set dev (?<name>\S+) up$/, ({ at }) => link({ flags: 0, up: true }, [text(3, at('name'))])],
  [
    /^link set dev (?<name>\S+) master (?<master>\S+)$/,
    ({ at, index }) => {
      const master = index(at('master'))
      return master === undefined ? undefined : link({ flags: 0 }, [text(3, at('name')), number(10, master)])
    },
  ],
  [
    /^link set dev (?<name>\S+) type bridge_slave hairpin on$/,
    // IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA with IFLA_BRPORT_MODE
    ({ at }) =>
      link({ flags: 0 }, [text(3, at('name')), nested(18, [text(4, 'bridge'), nested(5, [number(4, 1, 1)])])]),
  ],
  [
    /^addr add (?<address>[^\s/]+)\/(?<prefix>\d+) dev (?<name>\S+)$/,
    ({ at, index }) => {
      const [family, device] = [familyOf(at('address')), index(at('name'))]
      if (family === undefined || device === undefined) return undefined
      const bytes = toBytes(at('address'))
      return address({ flags: create | exclusive, family, prefix: Number(at('prefix')), index: device }, [
        { number: 2, value: bytes },
        { number: 1, value: bytes },
      ])
    },
  ],
  [
    /^route add (?<to>default|[^\s/]+\/\d+) via (?<via>\S+)(?: dev (?<name>\S+))?$/,
    ({ at, has, index }) => {
      const family = familyOf(at('via'))
      const [base = '', prefix = '0'] = at('to') === 'default' ? [] : at('to').split('/')
      const device = has('name') ? index(at('name')) : undefined
      if (family === undefined || (base !== '' && familyOf(base) !== family)) return undefined
      if (has('name') && device === undefined) return undefined
      return route({ flags: create | exclusive, family, prefix: Number(prefix) }, [
        ...(base === '' ? [] : [{ number: 1, value: toBytes(base) }]),
        { number: 5, value: toBytes(at('via')) },
        ...(device === undefined ? [] : [number(4, device)]),
      ])
    },
  ],
]

/** IFLA_LINKINFO with IFLA_INFO_KIND and IFLA_INFO_DATA. */
const kind = (name: string, data: readonly Attribute[]): Attribute => nested(18, [text(1, name), nested(2, data)])

/**
 * Requests of rtnetlink(7) that do what `ip` would do for each of some lines.
 *
 * @param known - indexes of devices that are there already, by their names
 * @returns undefined when one of the lines has a form that only `ip` knows
 */
export function compileLines(
  lines: readonly string[],
  known: ReadonlyMap<string, number>,
): readonly NetlinkRequest[] | undefined {
  const indexes = new Map(known)
  const requests: NetlinkRequest[] = []
  for (const line of lines) {
    const request = compileLine(line, (name) => indexes.get(name))
    if (request === undefined) return undefined
    requests.push(request)
    const made = /^link add name (\S+) index (\d+)/.exec(line)
    if (made) indexes.set(made[1] ?? '', Number(made[2]))
  }
  return requests
}

function compileLine(line: string, index: Words['index']): NetlinkRequest | undefined {
  for (const [pattern, form] of forms) {
    const found = pattern.exec(line)?.groups
    if (found === undefined) continue
    return form({ at: (name) => found[name] ?? '', has: (name) => found[name] !== undefined, index })
  }
  return undefined
}
