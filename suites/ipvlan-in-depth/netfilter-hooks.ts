import type { Hosts } from 'netwright'

type Node = Pick<Hosts<'node'>, 'node'>

const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const

/** Counts echo requests and replies at each netfilter hook of the host and of one of its namespaces. */
export async function countAtHooks({ node: { $ } }: Node, ns: string): Promise<void> {
  const chains = hooks.map(
    (hook) =>
      `counter ${hook} {}; chain at_${hook} { type filter hook ${hook} priority 0; meta l4proto icmp counter name ${hook}; };`,
  )
  const table = `table inet seen { ${chains.join(' ')} }`
  await $`nft ${table}`
  await $`ip netns exec ${ns} nft ${table}`
}

/** The hooks at which packets were counted: `prerouting 1, input 1`, or `none`. */
export async function countedAt({ node: { $ } }: Node, ns?: string): Promise<string> {
  const list = ['nft', '-j', 'list', 'counters', 'table', 'inet', 'seen']
  const { stdout } = await (ns === undefined ? $`${list}` : $`ip netns exec ${ns} ${list}`)
  const listed = (JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] }).nftables
  const packets = new Map(listed.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets] as const] : [])))
  const counted = hooks.filter((hook) => (packets.get(hook) ?? 0) > 0)
  return counted.map((hook) => `${hook} ${String(packets.get(hook))}`).join(', ') || 'none'
}
