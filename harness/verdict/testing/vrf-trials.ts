import type { Reason } from '../../model/verdict.ts'
import type { Trial, TrialHosts } from './bench.ts'

/** Puts devices of a host into a vrf with table 10; IPv6 addresses outlive it. */
const intoVrf =
  (host: keyof TrialHosts, ...devices: readonly string[]) =>
  async (hosts: TrialHosts): Promise<void> => {
    const { $ } = hosts[host]
    await $`ip link add red type vrf table 10 && ip link set red up`
    for (const dev of devices) {
      await $`sysctl -qw ${`net.ipv6.conf.${dev}.keep_addr_on_down=1`} && ip link set ${dev} master red`
    }
  }

/**
 * Routes in the tables of vrf devices. A table without a fitting route does not end the search: the rule of the main table comes
 * later (Documentation/networking/vrf.rst), so that a router sends on what came in by a vrf, and finds no way back into it.
 */
export const vrfTrials: Readonly<
  Partial<Record<Reason, { readonly provoked: readonly Trial[]; readonly alike: readonly Trial[] }>>
> = {
  'no-route': {
    provoked: [
      {
        what: 'the source’s route is in the table of a vrf that it is not bound to',
        given: async (hosts) => {
          await intoVrf('node1', 'eth0')(hosts)
          await hosts.node1.$`ip route add default via 10.0.0.254 table 10`
        },
        from: 'node1',
        to: 'client',
        is: 'no-route at node1',
      },
    ],
    alike: [
      {
        what: 'both of a router’s devices are in one vrf',
        given: intoVrf('gw', 'eth0', 'eth1'),
        from: 'node1',
        to: 'client',
        is: 'reached',
      },
      {
        what: 'the router’s vrf refuses what it has no route for',
        given: async (hosts) => {
          await intoVrf('gw', 'eth0')(hosts)
          await hosts.gw.$`ip route add unreachable default metric 4278198272 table 10`
        },
        from: 'node1',
        to: 'client',
        is: 'inconclusive: unexplained',
      },
    ],
  },
  'no-return-route': {
    provoked: [
      {
        what: 'the router’s route back is in the table of a vrf, and the answer comes in by a device outside',
        given: intoVrf('gw', 'eth0'),
        from: 'node1',
        to: 'client',
        is: 'no-return-route at gw',
      },
      {
        what: 'over IPv6',
        given: intoVrf('gw', 'eth0'),
        from: 'node1',
        to: 'client',
        family: 6,
        is: 'no-return-route at gw',
      },
      {
        what: 'the target is in a vrf whose table knows no way out of its subnet',
        given: intoVrf('node2', 'eth0'),
        from: 'client',
        to: 'node2',
        is: 'no-return-route at node2',
      },
    ],
    alike: [
      {
        what: 'the vrf’s table has the way back',
        given: async (hosts) => {
          await intoVrf('node2', 'eth0')(hosts)
          await hosts.node2.$`ip route add default via 10.0.0.254 table 10`
        },
        from: 'client',
        to: 'node2',
        is: 'reached',
      },
    ],
  },
}
