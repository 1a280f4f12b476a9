import { topology, underlay } from 'netwright'
import { scenario } from 'netwright/vitest'

const host = topology('a host with a NIC', {
  underlay: underlay().wire('lan', '192.168.0.0/24').host('host', { eth0: 'lan 192.168.0.171/24' }),
})

// Since Linux 5.11 the queue for broadcasts and multicasts of macvlan is as long as one asks (IFLA_MACVLAN_BC_QUEUE_LEN);
// kernels before it take the option without a word and do nothing.
scenario(host, 'macvlan’s broadcast queue is as long as asked for').finding(
  'ip -d link shows the length that was asked for',
  async ({ hosts: { host: node } }) => {
    await node.$`ip link add link eth0 mac1 type macvlan mode bridge bcqueuelen 5000`
    const shown = (await node.$`ip -d link show mac1`).stdout
    const found = /bcqueuelen \d+( usedbcqueuelen \d+)?/.exec(shown)?.[0] ?? 'no word of a queue'
    return { holds: found.includes('bcqueuelen 5000'), found }
  },
)
