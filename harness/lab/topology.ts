import type { Shell } from 'zx'
import { NetwrightError } from '../model/errors.ts'
import { checkNamespaceName } from '../model/names.ts'
import type { HostNames, Underlay } from '../model/underlay.ts'
import type { UnderlaySpec } from '../model/underlay-spec.ts'
import type { Feature } from '../machines/machine.ts'
import type { Ipv6Manners } from './quiet.ts'

/** A physical host of the underlay, as scripts see it. */
export interface Host {
  readonly name: string
  /** zx's own `$`, typing on this host. */
  readonly $: Shell
}

/** The hosts of a lab by their name, as a topology's script gets them. */
export type Hosts<Name extends string> = Readonly<Record<Name, Host>>

/** The named namespaces that a topology's script (or a remedy) makes, per host. */
export type NamespaceNames<HostName extends string> = { readonly [H in HostName]?: readonly string[] }

/**
 * Names by which a suite's matrices may call the places of a topology: hosts (`node1`), namespaces with their
 * host (`node1/ns1`), and namespaces alone (`ns1`) where only one host has one of that name.
 */
export type PlaceName<HostName extends string, Names> =
  | HostName
  | {
      [H in keyof Names & string]: Names[H] extends readonly (infer N extends string)[] ? N | `${H}/${N}` : never
    }[keyof Names & string]

export interface TopologyOptions<U extends Underlay, Names extends NamespaceNames<HostNames<U>>> {
  readonly underlay: U
  /** Declared so that misspelt names are found before anything is built; each must exist when it is measured. */
  readonly namespaces?: Names
  /** What the kernel must carry; a machine that lacks one skips the scenarios, with its reason. */
  readonly needs?: readonly Feature[]
  /** Default `quiet`. */
  readonly ipv6?: Ipv6Manners
  /** Types the document's commands on the hosts. */
  readonly build?: (hosts: Hosts<HostNames<U>>) => Promise<void>
}

/** An underlay and the script that types a document's commands on its hosts. `Place` carries the names. */
export interface Topology<HostName extends string = string, Place extends string = string> {
  readonly name: string
  readonly underlay: UnderlaySpec<HostName>
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly needs: readonly Feature[]
  readonly ipv6: Ipv6Manners
  readonly build: (hosts: Hosts<HostName>) => Promise<void>
  /** Never set: carries the names for the compiler. */
  readonly places?: Place
}

/**
 * Declares a topology. Nothing is built.
 *
 * @throws NETWRIGHT_UNKNOWN_HOST, NETWRIGHT_BAD_NAME for namespaces that cannot exist
 *
 * @example
 * export const macvlanBridge = topology('macvlan bridge', {
 *   underlay: underlay().wire('lan', '192.168.0.0/16').host('node1', { ens160: 'lan 192.168.179.9/16' }),
 *   namespaces: { node1: ['ns1'] },
 *   async build({ node1: { $ } }) {
 *     await $`ip netns add ns1`
 *   },
 * })
 */
export function topology<
  HostName extends string,
  Wires extends string,
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no namespaces declared
  const Names extends NamespaceNames<HostName> = {},
>(
  name: string,
  options: Omit<
    TopologyOptions<Underlay<HostName, Wires>, NamespaceNames<HostName>>,
    'namespaces' | 'build' | 'underlay'
  > & {
    readonly underlay: Underlay<HostName, Wires>
    readonly namespaces?: Names
    readonly build?: (hosts: Hosts<HostName>) => Promise<void>
  },
): Topology<HostName, PlaceName<HostName, Names>> {
  const spec = options.underlay.spec
  const namespaces: Record<string, readonly string[]> = {}
  for (const [host, names] of Object.entries<readonly string[] | undefined>(options.namespaces ?? {})) {
    if (!spec.hosts.some((h) => h.name === host)) {
      throw new NetwrightError('NETWRIGHT_UNKNOWN_HOST', `"${host}" is not a host of this underlay`, {
        place: `topology ${name}, namespaces`,
        next: `Hosts are: ${spec.hosts.map((h) => h.name).join(', ')}.`,
      })
    }
    for (const ns of names ?? []) checkNamespaceName(ns, `topology ${name}, host ${host}`)
    namespaces[host] = names ?? []
  }
  return {
    name,
    underlay: spec,
    namespaces,
    needs: [...(options.needs ?? []), ...(hasCard(spec) ? ['sriov' as const] : [])],
    ipv6: options.ipv6 ?? 'quiet',
    build: options.build ?? (() => Promise.resolve()),
  }
}

const hasCard = ({ hosts }: UnderlaySpec) => hosts.some(({ nics }) => nics.some((nic) => nic.sriov))
