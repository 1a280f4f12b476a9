import type { Cidr } from './addresses.ts'
import type { Family } from './probe.ts'

/** What a host of the underlay stands for. A router forwards; a client lives outside the LAN of the nodes. */
export type HostRole = 'host' | 'router' | 'client'

/** An L2 segment: a switch with one port per NIC. */
export interface WireSpec<Name extends string = string> {
  readonly name: Name
  /** The subnets of the segment, without host bits. Empty: any address may sit on it. */
  readonly prefixes: readonly Cidr[]
  /** Whether a port sends a frame back out where it came in, as a switch for VEPA does (IEEE 802.1Qbg). */
  readonly hairpin: boolean
}

/** A NIC, plugged into one wire. */
export interface NicSpec<Wire extends string = string> {
  /** Interface name on its host. */
  readonly name: string
  readonly wire: Wire
  readonly addresses: readonly Cidr[]
  /** Locally administered unicast MAC, made of the ordinals of host and NIC: `02:00:00:00:01:02`. */
  readonly mac: string
  /** Whether it is a card with SR-IOV virtual functions. */
  readonly sriov?: true
}

/** A route as `ip route add` takes it, checked against the NICs of its host. */
export interface RouteSpec {
  readonly family: Family
  /** `default`, or a prefix without host bits. */
  readonly to: string
  readonly via?: string
  readonly dev?: string
}

export interface HostSpec<Name extends string = string, Wire extends string = string> {
  readonly name: Name
  readonly role: HostRole
  readonly nics: readonly NicSpec<Wire>[]
  readonly routes: readonly RouteSpec[]
}

/** What a document takes for granted, as plain data: what the lab lays before a script runs. */
export interface UnderlaySpec<Hosts extends string = string, Wires extends string = string> {
  readonly wires: readonly WireSpec<Wires>[]
  readonly hosts: readonly HostSpec<Hosts, Wires>[]
}
