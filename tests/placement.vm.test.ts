import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLab } from '../harness/lab/lab.ts'
import { topology } from '../harness/lab/topology.ts'
import type { CapturedFrame } from '../harness/machines/channel/channel.ts'
import type { Machine } from '../harness/machines/machine.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { underlay } from '../harness/model/underlay.ts'
import { resultsSchema, type Results } from '../harness/report/json-schema.ts'
import { machineFor } from '../harness/suite/machine-for.ts'

const reason = (await vmObstacle('6.1')) ?? (await vmObstacle('5.10'))
const placedName = 'vm:6.1+node2=vm:5.10'
const root = join(import.meta.dirname, '..')

const pair = topology('two nodes on one wire', {
  underlay: underlay()
    .wire('lan', '10.0.0.0/24')
    .host('node1', { eth0: 'lan 10.0.0.1/24' })
    .host('node2', { eth0: 'lan 10.0.0.2/24' }),
})

let machine: Machine | undefined
beforeAll(async () => {
  if (reason === undefined) machine = await machineFor(placedName)
}, 180_000)
afterAll(() => machine?.dispose())

async function placed(): Promise<Machine> {
  return (machine ??= await machineFor(placedName))
}

test('two kernels share a wire of 1500 bytes', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const lab = await openLab(await placed(), pair)
  const { node1, node2 } = lab.hosts
  expect((await node1.$`uname -r`).stdout).toMatch(/^6\.1\./)
  expect((await node2.$`uname -r`).stdout).toMatch(/^5\.10\./)
  await node1.$`ping -c 1 -W 5 -M do -s 1472 10.0.0.2`
  expect((await node2.$({ nothrow: true })`ping -c 1 -W 5 -M do -s 1473 10.0.0.1`).exitCode).toBe(1)
  // What the NIC would let pass, the wire does not: a port takes frames of 1500 bytes, here as on one machine.
  await node1.$`ip link set eth0 mtu 9000`
  expect((await node1.$({ nothrow: true })`ping -c 1 -W 1 -M do -s 1500 10.0.0.2`).exitCode).toBe(1)
  const graph = await lab.graph()
  const wire = graph.namespaces.filter(({ role }) => role === 'wire')
  expect(wire.map(({ id }) => id)).toEqual(['wire:lan'])
  expect(wire[0]?.interfaces.map(({ name }) => name).sort()).toEqual(
    ['lan', 'lo', 'node1-eth0', 'node2-eth0', 'uplink1', 'uplink2'].sort(),
  )
  await lab.dispose()
})

test('nothing but what was sent crosses the wire, unchanged, and one clock stamps both ends', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const lab = await openLab(await placed(), pair)
  const seen: { host: string; frame: CapturedFrame }[] = []
  const captures = await Promise.all(
    ['node1', 'node2'].map(async (host) => {
      const path = lab.namespaces.get(host)?.path ?? ''
      return lab.channel.capture(path, (frame) => seen.push({ host, frame }))
    }),
  )
  const before = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  for (const capture of captures) await capture.sync()
  expect(seen).toEqual([])
  await lab.hosts.node1.$`ping -c 1 -W 5 10.0.0.2`
  for (const capture of captures) await capture.sync()
  const told = seen
    .sort((a, b) => Number(a.frame.timestamp - b.frame.timestamp))
    .map(({ host, frame }) => `${host} ${frame.packetType === 4 ? 'out' : 'in'} ${kindOf(frame)}`)
  // The question, its answer, the request, its reply: each leaves one node before it reaches the other.
  expect(told).toEqual([
    ...['node1 out arp', 'node2 in arp', 'node2 out arp', 'node1 in arp'],
    ...['node1 out ip', 'node2 in ip', 'node2 out ip', 'node1 in ip'],
  ])
  const bytes = seen.map(({ frame }) => Buffer.from(frame.bytes).toString('hex'))
  for (const i of [0, 2, 4, 6]) expect(bytes[i + 1]).toBe(bytes[i])
  const first = Number((seen[0]?.frame.timestamp ?? 0n) / 1_000_000n)
  expect(first).toBeGreaterThanOrEqual(before)
  expect(first).toBeLessThanOrEqual(Date.now())
  await lab.dispose()
})

function kindOf(frame: CapturedFrame): string {
  const type = Buffer.from(frame.bytes).readUInt16BE(12)
  return type === 0x806 ? 'arp' : type === 0x800 ? 'ip' : type.toString(16)
}

test('a lab that loses one of its machines is over, and says what became of it', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const lab = await openLab(await placed(), pair)
  const waiting = lab.channel.run(['sleep', '1000']).catch((error: unknown) => error)
  await lab.channel
    .run(['sh', '-c', 'echo c >/proc/sysrq-trigger'], { place: { net: lab.namespaces.get('node2')?.path ?? '' } })
    .catch((error: unknown) => {
      expect(String(error)).toContain('sysrq')
    })
  await expect(waiting).resolves.toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
  // The machine goes on: the next lab gets a new VM on the same wires.
  const next = await openLab(await placed(), pair)
  await next.hosts.node1.$`ping -c 1 -W 5 10.0.0.2`
  await next.dispose()
})

// The last on this machine: a VM whose kernel has warned is ended.
test('each VM says how it runs, and what its kernel said was wrong with itself', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const on = await placed()
  expect(on.remarks).toEqual([expect.stringMatching(/^vm:6\.1: QEMU /), expect.stringMatching(/^vm:5\.10: QEMU /)])
  expect(await on.trouble?.()).toBeUndefined()
  const lab = await openLab(on, pair)
  // In the kernel's own words: no sound kernel warns on demand.
  const warning = 'WARNING: CPU: 0 PID: 1 at net/core/dev.c:1234 dev_do_it+0x1/0x2'
  await lab.hosts.node2.$`echo ${`<4>${warning}`} > /dev/kmsg`
  const told = await on.trouble?.()
  expect(told).toMatch(/^vm:5\.10: the guest's kernel warned: /)
  expect(told).toContain(warning)
  await lab.dispose()
})

test('document A gives the same verdicts whether its nodes are on one kernel or on two', async (context) => {
  if (reason !== undefined) context.skip(reason)
  await machine?.dispose()
  machine = undefined
  const [together, apart] = [await run('--on', 'vm:6.1'), await run('--on', 'vm:6.1', '--place', 'node2=vm:5.10')]
  const failures = apart.scenarios.flatMap((one) => one.failures.map(({ message }) => message))
  expect(apart.totals, failures.join('\n')).toMatchObject({ notMet: 0, skipped: 0 })
  const verdicts = (results: Results): unknown =>
    results.rows.map(({ suite, scenario, step, from, to, observed }) => {
      const { verdict } = observed
      const why = observed.verdict === 'blocked' ? [observed.reason, observed.at] : []
      return [suite, scenario, step, from, to, verdict, ...why].join(' | ')
    })
  expect(verdicts(apart)).toEqual(verdicts(together))
  // It crossed from VM to VM.
  const reachedOther = apart.rows.find(({ from, to }) => from === 'node1/ns1' && to === 'node2')
  const devices = reachedOther?.evidence.sightings.map(({ dev, direction }) => `${dev} ${direction}`)
  expect(devices).toEqual(expect.arrayContaining(['uplink1 out', 'uplink2 in', 'uplink2 out', 'uplink1 in']))
}, 400_000)

const suites = ['host-access', 'second-host', 'second-host-namespace'].map((name) => `macvlan-in-action/${name}`)

async function run(...args: readonly string[]): Promise<Results> {
  const argv = [join(root, 'harness/cli/main.ts'), 'run', ...suites, ...args, '--json', '-']
  const text = await new Promise<string>((resolve) => {
    execFile(process.execPath, argv, { maxBuffer: 2 ** 28 }, (_, out) => {
      resolve(out)
    })
  })
  return resultsSchema.parse(JSON.parse(text))
}

test('leaves no VM when the harness is killed', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const script = `
    const { machineFor } = await import(${JSON.stringify(new URL('../harness/suite/machine-for.ts', import.meta.url).href)})
    const machine = await machineFor('${placedName}')
    await machine.openSandbox()
    process.kill(process.pid, 'SIGKILL')`
  const marker = `nw-placed-${String(process.pid)}`
  const env = { ...process.env, NETWRIGHT_TEST: marker }
  expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'pipe' })).toThrow()
  await expect.poll(() => processesWith(`NETWRIGHT_TEST=${marker}`), { timeout: 5000 }).toEqual([])
})

/** The command lines of the processes whose environment holds a text. */
function processesWith(text: string): readonly string[] {
  const script =
    'for d in /proc/[0-9]*; do { tr "\\0" "\\n" <$d/environ | grep -qx "$1" && tr "\\0" " " <$d/cmdline; } 2>/dev/null; done; :'
  return execFileSync('sh', ['-c', script, 'sh', text])
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}
