import { afterAll, beforeAll, expect, test } from 'vitest'
import { setCardDown, sriovPods } from '../fixtures/topologies/sriov-pods.ts'
import { openLab } from '../harness/lab/lab.ts'
import type { Machine } from '../harness/machines/machine.ts'
import { absenceOf } from '../harness/machines/testing/absence.ts'
import { findCardQemu } from '../harness/machines/vm/find-qemu.ts'
import { provideQemu } from '../harness/machines/vm/qemu-store.ts'
import { vmObstacle } from '../harness/machines/vm/testing/vm-obstacle.ts'
import { vmMachine } from '../harness/machines/vm/vm-machine.ts'
import type { ScenarioResult } from '../harness/model/results.ts'
import { blocked, reached } from '../harness/model/verdict.ts'
import { runScenario } from '../harness/suite/run-scenario.ts'
import { planScenario } from '../harness/suite/scenario-builder.ts'

/** Only a full kernel has the card's drivers, and the QEMU of many machines has no card: 70 MB and 12 MB to fetch, once. */
async function obstacle(): Promise<string | undefined> {
  const kernel = await vmObstacle('6.1-full')
  if (kernel !== undefined) return kernel
  try {
    const found = await findCardQemu()
    if ('reason' in found && found.canBeFetched) await provideQemu(() => undefined)
    const then = await findCardQemu()
    return 'reason' in then ? then.reason : undefined
  } catch (error) {
    return absenceOf(error)
  }
}

const reason = await obstacle()
let machine: Machine
beforeAll(async () => {
  if (reason === undefined) machine = await vmMachine('6.1-full')
}, 180_000)
afterAll(async () => {
  if (reason === undefined) await machine.dispose()
})

function run(topology: typeof sriovPods): Promise<ScenarioResult> {
  const { plan, builder } = planScenario(topology, 'tried', {})
  builder.expect({ pod1: { pod2: reached, node1: reached, node2: reached } })
  return runScenario(plan, machine, { suite: 'test' })
}

const cellsOf = ({ steps }: ScenarioResult) => steps.flatMap((step) => (step.kind === 'expect' ? step.cells : []))

test('a Pod on a virtual function reaches another, its node and the LAN, past the node’s stack', async (context) => {
  if (reason !== undefined) context.skip(reason)
  expect(await machine.can('sriov')).toMatchObject({
    able: true,
    how: expect.stringMatching(/QEMU \S+ \(\//) as string,
  })
  const result = await run(sriovPods)
  const { status, failures } = result
  expect({ status, failures }).toEqual({ status: 'met', failures: [] })
  const [toPod] = cellsOf(result)
  const seen = toPod?.evidence.sightings.filter(({ kind }) => kind === 'request').map(({ ns, dev }) => `${ns} ${dev}`)
  expect(seen).toEqual(['node1/pod1 eth0', 'node1/pod2 eth0'])
})

test('and without it, none of them', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const taken: typeof sriovPods = {
    ...sriovPods,
    build: async (hosts) => {
      await sriovPods.build(hosts)
      await hosts.node1.$`echo 0 > /sys/class/net/ens32/device/sriov_numvfs`
    },
  }
  const result = await run(taken)
  expect(result.status).toBe('not met')
  const said = cellsOf(result).map(({ to, observed }) => {
    if (observed.verdict === 'reached') return [to, 'reached']
    return [to, observed.verdict === 'blocked' ? observed.reason : observed.why]
  })
  expect(said).toEqual([
    ['pod2', 'no-address'],
    ['node1', 'no-route'],
    ['node2', 'no-route'],
  ])
})

test('the Pods lose their carrier with the card, and get it back', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const { plan, builder } = planScenario(sriovPods, 'the card is set down', {})
  builder
    .expect({ pod1: { pod2: reached } })
    .until(...setCardDown)
    .expect({ pod1: { pod2: blocked('link-down', { at: 'node1/pod1 eth0' }) } })
    .andBack()
  const { status, failures } = await runScenario(plan, machine, { suite: 'test' })
  expect({ status, failures }).toEqual({ status: 'met', failures: [] })
})

test('labs side by side have a card each, and one that ended leaves nothing to the next', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const labs = await Promise.all([openLab(machine, sriovPods), openLab(machine, sriovPods)])
  const functions = (lab: (typeof labs)[number]) =>
    lab.hosts.node1.$`cat /sys/class/net/ens32/device/sriov_numvfs`.then(({ stdout }) => stdout.trim())
  await labs[0].hosts.node1.$`echo 2 > /sys/class/net/ens32/device/sriov_numvfs`
  expect(await Promise.all(labs.map(functions))).toEqual(['2', '0'])
  await Promise.all(labs.map((lab) => lab.dispose()))
  const next = await openLab(machine, sriovPods)
  expect(await functions(next)).toBe('0')
  await next.dispose()
})

test('a VM whose kernel has no driver of the card says so', async (context) => {
  const obstacle = reason ?? (await vmObstacle('6.1'))
  if (obstacle !== undefined) context.skip(obstacle)
  const cloud = await vmMachine('6.1')
  expect(await cloud.can('sriov')).toEqual({
    able: false,
    reason: expect.stringMatching(
      /^kernel 6\.1\.\S+-cloud-amd64 has no igb and igbvf, the SR-IOV card’s drivers: take a full one, such as vm:6\.12-full$/,
    ) as string,
  })
  await cloud.dispose()
})
