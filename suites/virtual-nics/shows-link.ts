import type { Graph, Hosts } from 'netwright'

interface Context {
  readonly hosts: Hosts<'host'>
  readonly graph: () => Promise<Graph>
}

/** Looks whether the kernel shows devices of a link type; what was typed may have made another one. */
export function showsLink(type: string) {
  return async ({ graph }: Pick<Context, 'graph'>) => {
    const devices = (await graph()).namespaces.flatMap((ns) =>
      ns.interfaces.map((i) => ({ at: `${ns.id} ${i.name}`, ...i })),
    )
    const made = devices.filter((i) => i.kind === type)
    const found = made.map((i) => `${i.at}, MTU ${i.mtu}`).join('; ')
    return { holds: made.length > 0, found: found === '' ? `no device of type ${type}` : found }
  }
}

/** Types that a name is enough for; the others need a device to sit on, or an identifier. */
const simple: ReadonlySet<string> = new Set(['bond', 'bridge', 'veth'])

/** The manual page's synopsis does not say which of its options a type cannot do without. */
export function fromNameAlone(type: string) {
  const isSimple = simple.has(type)
  const command = `ip link add name new0 type ${type}`
  return [
    isSimple ? `a name is enough: ${command}` : `a name is not enough: ${command} is refused`,
    async ({ hosts }: Pick<Context, 'hosts'>) => {
      const made = await hosts.host.$({ nothrow: true })`ip link add name new0 type ${type}`
      const said = made.stderr.trim().replaceAll('\n', ' ')
      return { holds: (made.exitCode === 0) === isSimple, found: made.exitCode === 0 ? 'it is created' : said }
    },
  ] as const
}
