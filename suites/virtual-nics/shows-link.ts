import { accepted, type Graph, type Hosts } from 'netwright'

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

/** What each type cannot do without, in the words of the kernel or of `ip`: a device to sit on, or an identifier. */
const refusals = {
  geneve: /Not enough attributes provided/,
  hsr: /No slave devices specified/,
  ipvlan: /Invalid argument/,
  macsec: /Invalid argument/,
  macvlan: /Invalid argument/,
  macvtap: /Invalid argument/,
  vlan: /VLAN properties not specified/,
  vxlan: /Required attributes not provided/,
} as const
const isRefused = (type: string): type is keyof typeof refusals => type in refusals

/** The manual page's synopsis does not say which of its options a type cannot do without. */
export function fromNameAlone(type: string) {
  const command = `ip link add name new0 type ${type}`
  return [
    isRefused(type) ? `a name is not enough: ${command} is refused` : `a name is enough: ${command}`,
    async ({ hosts: { host } }: Pick<Context, 'hosts'>) => {
      const typed = host.$({ nothrow: true })`ip link add name new0 type ${type}`
      if (isRefused(type)) {
        const { holds, found } = await accepted(typed, refusals[type])
        return { holds: !holds, found }
      }
      const { exitCode, stderr } = await typed
      return { holds: exitCode === 0, found: exitCode === 0 ? 'it is created' : stderr.trim() }
    },
  ] as const
}
