import { NetwrightError } from './errors.ts'
import { checkUnderlayName, holderVariable, unknownName } from './names.ts'
import { checkAddressesUnique, parseNic, parsePrefixes } from './underlay-nic.ts'
import { parseRoute } from './underlay-route.ts'
import type { HostRole, HostSpec, NicSpec, UnderlaySpec } from './underlay-spec.ts'

/** A wire, then its addresses: `lan`, `lan 192.168.179.9/16 fd00:a::9/64`. */
export type NicText<Wires extends string> = Wires | `${Wires} ${string}`

export interface WireOptions {
  /** Whether switch ports send frames back out where they came in; default `false`. */
  readonly hairpin?: boolean
}

export interface HostOptions {
  /** As after `ip route add`, with `via` and `dev`: `default via 192.168.1.1`. */
  readonly routes?: readonly string[]
  /**
   * The NIC that is a card with SR-IOV virtual functions (an Intel 82576 with seven); one in an underlay. A topology with
   * one needs the feature `sriov`.
   */
  readonly sriov?: string
}

/** The name itself, or a sentence instead of it when it is taken already: the compiler shows the sentence. */
type Unused<Name extends string, Taken extends string> = string extends Taken
  ? Name
  : Name extends Taken
    ? `"${Name}" is declared already`
    : Name

/**
 * A declared underlay. Every method returns a new one and leaves this one as it is.
 *
 * The type parameters carry the names, so that a NIC on an unknown wire does not compile.
 */
export interface Underlay<Hosts extends string = string, Wires extends string = string> {
  /** Everything declared so far, as plain data. */
  readonly spec: UnderlaySpec<Hosts, Wires>

  /**
   * An L2 segment.
   *
   * @param prefixes - its subnets, separated by white space; none: any address may sit on it
   * @throws NetwrightError NETWRIGHT_BAD_NAME, NETWRIGHT_DUPLICATE_NAME, NETWRIGHT_BAD_ADDRESS
   */
  wire<const Name extends string>(
    name: Name & Unused<Name, Hosts | Wires>,
    prefixes?: string,
    options?: WireOptions,
  ): Underlay<Hosts, Wires | Name>

  /**
   * A machine with its NICs, each plugged into a wire that was declared before.
   *
   * @param nics - interface name to wire and addresses: `{ ens160: 'lan 192.168.179.9/16' }`
   * @throws NetwrightError NETWRIGHT_BAD_NAME, NETWRIGHT_DUPLICATE_NAME, NETWRIGHT_UNKNOWN_WIRE,
   *   NETWRIGHT_BAD_ADDRESS, NETWRIGHT_ADDRESS_OUTSIDE_WIRE, NETWRIGHT_DUPLICATE_ADDRESS, NETWRIGHT_UNSUPPORTED for a
   *   second SR-IOV card
   */
  host<const Name extends string>(
    name: Name & Unused<Name, Hosts | Wires>,
    nics: Readonly<Record<string, NicText<Wires>>>,
    options?: HostOptions,
  ): Underlay<Hosts | Name, Wires>

  /** A host that forwards between its wires. Like {@link Underlay.host} otherwise. */
  router<const Name extends string>(
    name: Name & Unused<Name, Hosts | Wires>,
    nics: Readonly<Record<string, NicText<Wires>>>,
    options?: HostOptions,
  ): Underlay<Hosts | Name, Wires>

  /** A host that stands for the world outside. Like {@link Underlay.host} otherwise. */
  client<const Name extends string>(
    name: Name & Unused<Name, Hosts | Wires>,
    nics: Readonly<Record<string, NicText<Wires>>>,
    options?: HostOptions,
  ): Underlay<Hosts | Name, Wires>
}

/** The names of the hosts, routers and clients of an underlay. */
export type HostNames<U extends { readonly spec: UnderlaySpec }> = U['spec']['hosts'][number]['name']

/** The names of the wires of an underlay. */
export type WireNames<U extends { readonly spec: UnderlaySpec }> = U['spec']['wires'][number]['name']

/**
 * Begins an underlay: the physical hosts, NICs, wires, routers and outside clients that a document takes for granted.
 * Everything is checked as it is declared; nothing is built.
 *
 * @example
 * underlay()
 *   .wire('lan', '192.168.0.0/16 fd00:a::/64')
 *   .wire('office', '10.8.0.0/16')
 *   .host('node1', { ens160: 'lan 192.168.179.9/16 fd00:a::9/64' }, { routes: ['default via 192.168.1.1'] })
 *   .router('gw', { eth0: 'lan 192.168.1.1/16', eth1: 'office 10.8.0.1/16' })
 *   .client('client', { eth0: 'office 10.8.0.241/16' }, { routes: ['default via 10.8.0.1'] })
 */
export function underlay(): Underlay<never, never> {
  return builder<never, never>({ wires: [], hosts: [] })
}

function builder<Hosts extends string, Wires extends string>(spec: UnderlaySpec<Hosts, Wires>): Underlay<Hosts, Wires> {
  const withHost =
    (role: HostRole) =>
    <Name extends string>(name: Name, nics: Readonly<Record<string, NicText<Wires>>>, options: HostOptions = {}) => {
      checkUnderlayName('host', name)
      checkUnused(spec, 'host', name)
      return builder<Hosts | Name, Wires>(addHost(spec, role, name, nics, options))
    }
  return {
    spec,
    wire<Name extends string>(name: Name, prefixes = '', options: WireOptions = {}) {
      checkUnderlayName('wire', name)
      checkUnused(spec, 'wire', name)
      const wire = { name, prefixes: parsePrefixes(prefixes, `wire ${name}`), hairpin: options.hairpin ?? false }
      return builder<Hosts, Wires | Name>({ hosts: spec.hosts, wires: [...spec.wires, wire] })
    },
    host: withHost('host'),
    router: withHost('router'),
    client: withHost('client'),
  }
}

function addHost<Hosts extends string, Wires extends string, Name extends string>(
  spec: UnderlaySpec<Hosts, Wires>,
  role: HostRole,
  name: Name,
  texts: Readonly<Record<string, string>>,
  options: HostOptions,
): UnderlaySpec<Hosts | Name, Wires> {
  const place = `host ${name}`
  const nics = Object.entries(texts).map(([nic, text], index) => ({
    ...parseNic(nic, text, spec.wires, place, { host: spec.hosts.length + 1, nic: index + 1 }),
    ...(nic === options.sriov ? { sriov: true as const } : {}),
  }))
  if (options.sriov !== undefined) checkCard(spec, nics, options.sriov, place)
  const routes = (options.routes ?? []).map((route) => parseRoute(route, nics, place))
  const host: HostSpec<Name, Wires> = { name, role, nics, routes }
  const grown = { wires: spec.wires, hosts: [...spec.hosts, host] }
  checkAddressesUnique(grown)
  return grown
}

/** A lab's machine has one card. */
function checkCard(spec: UnderlaySpec, nics: readonly NicSpec[], card: string, place: string): void {
  if (!nics.some(({ name }) => name === card)) {
    const names = nics.map(({ name }) => name)
    throw unknownName('NETWRIGHT_BAD_NAME', 'NIC', card, names, `${place}, sriov`)
  }
  const other = spec.hosts.find((host) => host.nics.some((nic) => nic.sriov))
  if (other === undefined) return
  throw new NetwrightError(
    'NETWRIGHT_UNSUPPORTED',
    'an underlay can have one SR-IOV card, and this would be a second',
    {
      place,
      next: `Host ${other.name} has one already.`,
    },
  )
}

function checkUnused(spec: UnderlaySpec, what: 'host' | 'wire', name: string): void {
  const declared = [
    ...spec.hosts.map((host) => ({ what: 'host' as const, name: host.name })),
    ...spec.wires.map((wire) => ({ what: 'wire' as const, name: wire.name })),
  ]
  const same = declared.find((taken) => taken.name === name)
  if (same !== undefined) {
    const next = 'Hosts and wires share one set of names: rename one of them.'
    throw taken(`"${name}" is declared already, as a ${same.what}`, next)
  }
  const variable = variableOf(what, name)
  const next = 'Commands in reports and reproducers name hosts by such variables: rename one of them.'
  if (variable === holderVariable('sandbox'))
    throw taken(`"${name}" and the sandbox itself would be $${variable}`, next)
  const close = declared.find((other) => variableOf(other.what, other.name) === variable)
  if (close === undefined) return
  throw taken(`${what} "${name}" and ${close.what} "${close.name}" would both be $${variable}`, next)
}

const variableOf = (what: 'host' | 'wire', name: string) => holderVariable(what === 'wire' ? `wire:${name}` : name)

function taken(what: string, next: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_DUPLICATE_NAME', what, { place: 'underlay', next })
}
