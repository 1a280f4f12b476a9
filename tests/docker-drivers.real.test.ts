import { access } from 'node:fs/promises'
import { basename } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { docker } from '../fixtures/docker/api.ts'
import { startEngine } from '../fixtures/docker/engine.ts'
import { dockerBridges, dockerHost } from '../fixtures/topologies/docker-networks.ts'
import { openLab } from '../harness/lab/lab.ts'
import { topology } from '../harness/lab/topology.ts'
import { leftControlGroups, removeControlGroup } from '../harness/machines/control-groups.ts'
import { localMachine } from '../harness/machines/local/local-machine.ts'
import type { Machine } from '../harness/machines/machine.ts'
import type { ScenarioResult } from '../harness/model/results.ts'
import { underlay } from '../harness/model/underlay.ts'
import { blocked, reached } from '../harness/model/verdict.ts'
import { runScenario } from '../harness/suite/run-scenario.ts'
import { planScenario } from '../harness/suite/scenario-builder.ts'

/*
 * The suites say what is so. Here it is made otherwise: what a suite expects must then be found not to hold.
 */

let machine: Machine
let reason: string | undefined
beforeAll(async () => {
  machine = await localMachine()
  const ability = await machine.can('docker')
  if (!ability.able) reason = ability.reason
})
afterAll(() => machine.dispose())

const dockerTest = (what: string, run: () => Promise<void>): void => {
  test(what, async (context) => {
    if (reason !== undefined) context.skip(reason)
    await run()
  })
}

/** `c1 → c2` and what was observed, of the cells that are not as expected. */
function wrongCells(result: ScenarioResult): string[] {
  const cells = result.steps.flatMap((step) => (step.kind === 'expect' ? step.cells : []))
  return cells
    .filter(({ met }) => !met)
    .map(({ from, to, observed }) => {
      return `${from} → ${to} ${observed.verdict === 'blocked' ? observed.reason : observed.verdict}`
    })
}

/** Two macvlan networks' worth of commands, but for the mode. */
const privateMacvlan = topology('a Docker network of driver macvlan, mode private', {
  underlay: underlay().wire('lan', '192.168.1.0/24').host('node1', { eth0: 'lan 192.168.1.10/24' }),
  namespaces: { node1: ['c1', 'c2'] },
  async build({ node1 }) {
    await startEngine(node1)
    await docker(node1).createNetwork('mv', {
      Driver: 'macvlan',
      IPAM: { Config: [{ Subnet: '192.168.1.0/24' }] },
      Options: { parent: 'eth0', macvlan_mode: 'private' },
    })
    await docker(node1).run('c1', 'mv', '192.168.1.101')
    await docker(node1).run('c2', 'mv', '192.168.1.102')
  },
})

dockerTest('containers that a mode keeps apart are not taken to reach each other', async () => {
  const { plan, builder } = planScenario(privateMacvlan, 'private', {})
  builder.expect({ c1: { c2: reached } })
  const result = await runScenario(plan, machine, { suite: 'test' })
  expect(wrongCells(result)).toEqual(['node1/c1 → c2 private-mode'])
})

dockerTest('networks that no rule keeps apart any more are found to reach each other', async () => {
  const { plan, builder } = planScenario(dockerBridges, 'open', {})
  builder
    .given('the engine’s rules are gone', ({ node1: { $ } }) => $`nft flush ruleset`)
    .expect({ c1: { c2: reached, c3: blocked('netfilter-drop'), node2: reached } })
  const result = await runScenario(plan, machine, { suite: 'test' })
  // Without its rules the host forwards between its networks, and hides nobody behind its own address.
  expect(wrongCells(result)).toEqual(['node1/c1 → c3 reached', 'node1/c1 → node2 no-return-route'])
})

dockerTest('an engine ends with its sandbox; what is left of its control groups can be removed', async () => {
  const lab = await openLab(machine, dockerHost)
  await lab.build()
  const { $ } = lab.hosts.node1
  const engine = docker(lab.hosts.node1)
  await engine.createContainer('c1', 'none')
  await engine.ask('POST', '/containers/c1/start')
  const named = (await $`cat /proc/$(cat /run/docker.pid)/cgroup`).stdout
  const name = /netwright-lab-\w+/.exec(named)?.[0] ?? 'no group'
  const isOurs = (group: string): boolean => basename(group) === name
  // As long as it runs, nobody takes its groups for left.
  expect((await leftControlGroups()).filter(isOurs)).toEqual([])
  process.kill((await lab.channel.localPid?.()) ?? 0, 'SIGKILL')
  await lab.channel.closed
  // No process is in them, not even of its containers.
  await expect.poll(async () => (await leftControlGroups()).filter(isOurs).length, { timeout: 5000 }).toBe(1)
  const [group = ''] = (await leftControlGroups()).filter(isOurs)
  expect(await removeControlGroup(group)).toBe(true)
  await expect(access(group)).rejects.toThrow('ENOENT')
})

dockerTest('a machine whose engine is too old says so', async () => {
  expect(await machine.can('docker:99')).toMatchObject({
    able: false,
    reason: expect.stringMatching(
      /^Docker Engine 99 or later is needed, and this is \d+\.[\d.]+: install Docker Engine/,
    ) as string,
  })
})
