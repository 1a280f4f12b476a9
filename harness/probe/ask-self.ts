import type { Control } from '../model/evidence.ts'
import { findNamespace, type Namespace } from '../model/graph.ts'
import type { Family } from '../model/probe.ts'
import { FarEndError } from '../machines/channel/channel.ts'
import { readPing } from './icmp.ts'
import type { Prober } from './prober.ts'

/**
 * The target pings its own address. That travels by `lo`, which the documents leave down in fresh namespaces: it is
 * raised for the question and put back. With the address's device down, the loopback address is asked instead.
 */
export async function askSelf(prober: Prober, family: Family, owner: string, own: string): Promise<Control> {
  const { lab, graph } = prober
  const control = { end: 'target', from: owner, method: 'self' } as const
  const target = lab.namespaces.get(owner)
  const ns = findNamespace(graph, owner)
  if (target === undefined) {
    return { ...control, address: own, alive: false, text: `namespace ${owner} is gone` }
  }
  const holder = ns?.interfaces.find((i) => i.addresses.some((a) => a.address === own))
  const address = holder?.up === true ? own : family === 4 ? '127.0.0.1' : '::1'
  const script = selfScript(ns, `ping ${family === 6 ? '-6' : '-4'} -n -c 1 -W 1 ${address}`)
  const startedAt = performance.now()
  const place = { place: target.place, env: lab.machine.environment, timeoutMs: 3000 }
  const done = await lab.channel.run(['sh', '-c', script], place).catch((error: unknown) => {
    if (error instanceof FarEndError) return undefined
    throw error
  })
  if (done === undefined) return { ...control, address, alive: false, text: `nothing can be run in ${owner}` }
  const [stdout, stderr] = [done.stdout.toString(), done.stderr.toString()]
  lab.journal.note({
    host: owner,
    command: script,
    by: 'probe',
    code: done.code,
    signal: done.signal,
    stdout,
    stderr,
    startedAt,
  })
  const alive = readPing(done.code, stdout, stderr).kind === 'reply'
  const text = alive ? `${owner} answers itself at ${address}` : `${owner} does not even answer itself at ${address}`
  return { ...control, address, alive, text }
}

/** Types of routes that refuse. */
const refusing = ['blackhole', 'unreachable', 'prohibit', 'throw']
/** What lo gets when it is raised; ::1 may have come with its first address. */
const brought = ['127.0.0.1', '::1']

/**
 * Asks with `lo` raised. Taken down again, it takes along what sits on it and was there before: IPv6 addresses, and each IPv6
 * route that refuses, whose device is `lo` (ip6_route_info_create). Those are put back by the same process that takes it down.
 */
function selfScript(ns: Namespace | undefined, ask: string): string {
  const lo = ns?.interfaces.find((i) => i.name === 'lo')
  if (lo?.up === true) return ask
  const before = lo?.addresses ?? []
  const isRefusing = ns?.routes.some(({ family, type }) => family === 6 && refusing.includes(type)) === true
  if (!isRefusing && before.every(({ address }) => brought.includes(address)))
    return `ip link set lo up && { ${ask}; code=$?; ip addr flush dev lo; ip link set lo down; exit $code; }`
  const addresses = before.flatMap((a) => (a.family === 6 ? [`addr add ${a.address}/${String(a.prefix)} dev lo`] : []))
  return `routes=$(ip -6 route show table all | sed -nE 's/ error -?[0-9]+//; /^(${refusing.join('|')}) /s/^/route add /p')
ip link set lo up && { ${ask}; code=$?; ip addr del 127.0.0.1/8 dev lo; ip -6 -force -batch - <<end; exit $code; }
link set lo down
${addresses.join('\n')}
$routes
end`
}
