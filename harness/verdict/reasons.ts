import type { Reason } from '../model/verdict.ts'
import type { Case, Proof } from './case.ts'
import { mtuExceeded, netfilterDrop, noListener, reversePathFilter } from './filter-proofs.ts'
import { ipvlanNoMulticast, ipvlanParentIsolation, ipvlanPrivate, ipvlanVepa } from './ipvlan-proofs.ts'
import { ipvlanUnsolicited } from './ipvlan-solicitations.ts'
import {
  macvlanParentIsolation,
  passthruTakesAll,
  privateMode,
  sourceModeFilter,
  vepaNotReflected,
} from './macvlan-proofs.ts'
import { forwardingOff } from './forwarding-proofs.ts'
import { linkDown } from './link-proofs.ts'
import { neighbourUnanswered } from './neighbour-proofs.ts'
import { noReturnRoute, noRoute } from './route-proofs.ts'

/** One entry of the catalogue. */
export interface ReasonEntry {
  readonly means: string
  /** The evidence that proves it. */
  readonly proof: string
  /** What usually cures it. */
  readonly cure: string
  readonly prove: (c: Case) => Proof | undefined
}

/** The closed catalogue of reasons: a probe is `blocked` only when exactly one of these is proved. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = {
  'macvlan-parent-isolation': {
    means: 'One end is a macvlan child, the other is the stack that owns its parent device.',
    proof:
      'Frames for the other end, by their link-layer address for it or for all, leave by the parent (seen going out there), are not reflected, and never come in at the other end, which a third party or its own stack shows alive.',
    cure: 'Give the host a macvlan child of its own and move its address there, or let the switch port reflect frames.',
    prove: macvlanParentIsolation,
  },
  'ipvlan-parent-isolation': {
    means:
      'One end is an ipvlan child, and what it sends goes to the stack that owns its parent device, or what it is to hear comes from there: the stack is the other end, or the router on the way.',
    proof:
      'The child’s frame (or, in l3, the one that the parent’s namespace sent on for it) is seen going out by the parent, to its own link-layer address or to all, and never comes in at the parent’s namespace; or such a frame that the parent’s own stack sent by the parent for the child’s address is seen going out there and never comes in at the child.',
    cure: 'Give the host an ipvlan child of its own, with an address, and routes to the other children by it.',
    prove: ipvlanParentIsolation,
  },
  'private-mode': {
    means:
      'Both ends are macvlan children of one parent, at least one of them in private mode, or ipvlan children of a parent with flag private; or the source is a private macvlan child and the target is its parent’s own stack, behind a reflecting switch.',
    proof:
      'macvlan: frames leave the source and its parent, and none passes to the other child, reflected or not; to the parent’s stack: the reflected frame comes in at the parent and then at the source itself. ipvlan: a unicast frame, be it the answer to a question, leaves a child and is seen neither at the parent nor at the other child.',
    cure: 'Use mode (ipvlan: flag) bridge for children that must talk.',
    prove: (c) => privateMode(c) ?? ipvlanPrivate(c),
  },
  'vepa-not-reflected': {
    means:
      'Both ends are macvlan children of one parent, at least one of them in vepa (or source) mode, or ipvlan children of a parent with flag vepa, and the switch does not send their frames back.',
    proof:
      'A frame (of ipvlan children in l2: a unicast one, such as the answer to a question) leaves the parent, comes in at the switch port, which is not set to reflect, and does not go out of it again.',
    cure: 'Turn on hairpin (reflective relay) at the switch port, or use mode (ipvlan: flag) bridge.',
    prove: (c) => vepaNotReflected(c) ?? ipvlanVepa(c),
  },
  'source-mode-filter': {
    means: 'A macvlan child in source mode does not have the sender’s MAC address on its list.',
    proof: 'Frames come in at the parent and are not given to the child; the list the kernel shows lacks the sender.',
    cure: 'ip link set link PARENT dev CHILD type macvlan macaddr add MAC',
    prove: sourceModeFilter,
  },
  'passthru-takes-all': {
    means: 'The parent has a passthru child, which gets every frame in the place of the parent’s own stack.',
    proof: 'Unicast frames for the parent’s stack come in at the parent and then at the child.',
    cure: 'Configure the host’s address on another NIC, or use another mode.',
    prove: passthruTakesAll,
  },
  'l3-no-multicast': {
    means:
      'A broadcast or multicast is sent by, or meant for, an ipvlan child in mode l3 or l3s; a neighbour solicitation of IPv6 for its address is one.',
    proof:
      'The frame leaves the child and is seen on no other device; or it comes in at the parent and is not given to the child (of a solicitation: and nobody answers it, until the asker’s entry is FAILED).',
    cure: 'Use mode l2; of a solicitation: route the child’s subnet by an address of the parent, or have that answer for it (proxy_ndp).',
    prove: (c) => ipvlanNoMulticast(c) ?? ipvlanUnsolicited(c),
  },
  'link-down': {
    means: 'A device at one of the ends, or the device below it, is down or has no carrier.',
    proof:
      'The kernel shows the device down and no frame of the probe is seen on it; at the target’s end the frames were seen coming up to it.',
    cure: 'ip link set DEVICE up',
    prove: linkDown,
  },
  'no-route': {
    means: 'The source, or a router on the way, has no route to the target.',
    proof:
      'ENETUNREACH at the source, or an ICMP net-unreachable from the router; `ip route get` there (for the packet and the device it came in by) finds none, no rule there refuses such packets, and at the source the main table holds none that fits (a route or a rule that refuses is another matter).',
    cure: 'ip route add default via GATEWAY',
    prove: noRoute,
  },
  'no-return-route': {
    means: 'The request arrives, and the target, or a router on the way back, has no route to the source.',
    proof:
      'The request is seen coming in at the target, or its answer at a router that may forward; nothing goes out, `ip route get SOURCE` there (for the answer’s own source address) finds none, no rule there refuses it or may lead it by its mark, protocol or ports to a table that has one, and netfilter, all of whose rules there were watched, did not drop it.',
    cure: 'ip route add default via GATEWAY in that namespace; in a vrf, its table is the one that counts',
    prove: noReturnRoute,
  },
  'neighbour-unanswered': {
    means:
      'The question for the next hop’s link-layer address is heard and nobody answers it: the source’s question, a router’s, or the target’s for its way back.',
    proof:
      'The ARP request or neighbour solicitation is seen arriving, and the asker’s entry is FAILED; the owner is set not to answer (NOARP, arp_ignore, a macvtap whose tap is open) or there is no owner.',
    cure: 'Use an address that somebody has; turn ARP on.',
    prove: neighbourUnanswered,
  },
  'netfilter-drop': {
    means: 'A netfilter rule or a chain’s policy drops or rejects the packet.',
    proof:
      'The packet goes into a namespace and not on; `nft monitor trace` names the rule for the repeated probe’s own packet (by its sender, and its ICMP id or ports), and no rule there counts, remembers or draws lots, so that the first was treated alike.',
    cure: 'Change the rule that the evidence names.',
    prove: netfilterDrop,
  },
  'reverse-path-filter': {
    means: 'The packet came in by a device that does not lead back to its source.',
    proof:
      'It is seen coming in, the namespace’s IPReversePathFilter counter rises when the probe is repeated, `ip route get` there refuses its source when asked on behalf of it, and some route leads back.',
    cure: 'sysctl net.ipv4.conf.DEVICE.rp_filter=2 (loose) or a route back by that device',
    prove: reversePathFilter,
  },
  'no-listener': {
    means: 'The target is reached and no socket listens on the port.',
    proof:
      'The target’s own stack answers with RST or port-unreachable, `ss` shows no listener, and netfilter, all of whose rules there were watched, did not reject it.',
    cure: 'Start the service, or probe the port it listens on.',
    prove: noListener,
  },
  'forwarding-off': {
    means: 'A namespace between the ends takes the packet in and is not allowed to forward it.',
    proof:
      'The packet is seen coming in addressed to its device and neither to its stack nor to an ipvlan child of the device, not going out, the forwarding sysctl is 0, and netfilter there did not drop it.',
    cure: 'sysctl net.ipv4.ip_forward=1 (IPv6: net.ipv6.conf.all.forwarding=1)',
    prove: forwardingOff,
  },
  'mtu-exceeded': {
    means: 'The packet is larger than a link on the way takes and must not be fragmented.',
    proof:
      'EMSGSIZE at the source whose device takes less, or an ICMP fragmentation-needed or packet-too-big seen on the way.',
    cure: 'Lower the MTU of the sender, or raise the link’s.',
    prove: mtuExceeded,
  },
}

/** Every reason that the evidence proves. */
export function proveReasons(c: Case): Proof[] {
  return Object.values(reasons).flatMap((entry) => entry.prove(c) ?? [])
}
