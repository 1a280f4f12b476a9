import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { NetwrightError } from '../model/errors.ts'
import type { MachineFacts } from '../model/results.ts'
import { knownLinkTypes } from '../machines/ability.ts'
import type { Ability, Feature, Machine } from '../machines/machine.ts'
import { machineFor } from '../suite/machine-for.ts'
import { findTools, thisMachine, toolNames, type ToolState } from './doctor-tools.ts'
import { findSuites, suiteRoots } from './find-suites.ts'
import { readScenarios, type Listing } from './list-scenarios.ts'
import { packageRoot, version } from './package-place.ts'

/** One thing that a machine may be able to do. */
export type Checked = { readonly name: string } & Ability

/** What of a suite a machine can run. */
export interface SuiteOutlook {
  readonly suite: string
  readonly scenarios: number
  readonly runnable: number
  /** Why the others will be skipped. */
  readonly reasons: readonly string[]
}

/** What `netwright doctor` finds out; its JSON form is this. */
export interface Diagnosis {
  readonly schemaVersion: 1
  readonly netwright: string
  readonly node: string
  readonly able: boolean
  /** Why no lab can be made here, and the cure. */
  readonly problem?: string
  readonly machine?: MachineFacts
  /** How the machine runs, such as a VM's accelerator and why it is that one. */
  readonly remarks?: readonly string[]
  readonly tools: readonly ToolState[]
  readonly ipv6?: Ability
  /** Whether a VM's labs can have an SR-IOV card. */
  readonly sriov?: Ability
  readonly linkTypes: readonly Checked[]
  readonly suites: readonly SuiteOutlook[]
  readonly brokenSuites: readonly { readonly suite: string; readonly why: string }[]
  /** Whether `run --report` can make its page. */
  readonly report: Ability
}

/** Finds out what this machine can run; everything is tried, nothing is guessed from versions. */
export async function diagnose(on: string, cwd: string): Promise<Diagnosis> {
  const common = {
    schemaVersion: 1,
    netwright: version,
    node: process.versions.node,
    tools: findTools(thisMachine()),
    report: reportAbility(),
  } as const
  let machine: Machine
  try {
    machine = await machineFor(on)
  } catch (error) {
    if (!(error instanceof NetwrightError) || error.kind === 'usage') throw error
    return { ...common, able: false, problem: error.message, linkTypes: [], suites: [], brokenSuites: [] }
  }
  try {
    const listing = await readSuites(on, cwd)
    const tools = machine.facts.kind === 'local' ? common.tools : await toolsInside(machine)
    const missing = tools.filter(({ required, path }) => required && path === undefined).map(({ name }) => name)
    const linkTypes = await tryAll(
      machine,
      knownLinkTypes.map((type): Feature => `link:${type}`),
    )
    return {
      ...common,
      tools,
      able: missing.length === 0,
      ...(missing.length === 0 ? {} : { problem: `labs need ${missing.join(', ')}` }),
      machine: machine.facts,
      ...(machine.remarks === undefined ? {} : { remarks: machine.remarks }),
      ipv6: await machine.can('ipv6'),
      ...(machine.facts.kind === 'vm' ? { sriov: await machine.can('sriov') } : {}),
      linkTypes: linkTypes.map(({ name, ...ability }) => ({ name: name.slice('link:'.length), ...ability })),
      suites: await outlooks(listing, machine),
      brokenSuites: listing.broken,
    }
  } finally {
    await machine.dispose()
  }
}

async function readSuites(on: string, cwd: string): Promise<Listing> {
  const suites = findSuites(cwd)
  if (suites.length === 0) return { scenarios: [], broken: [] }
  const root = suites.every(({ bundled }) => bundled) ? packageRoot : cwd
  return readScenarios({ suites, roots: suiteRoots(cwd), root, on, wanted: () => true })
}

/**
 * The tools inside a machine that is not this one. A VM has this machine's programs, so that what it lacks is installed
 * here; the others have their own.
 */
async function toolsInside({ channel, facts }: Machine): Promise<ToolState[]> {
  const script = 'for name; do path=$(command -v "$name") && echo "$name $path"; done; :'
  const { stdout } = await channel.run(['sh', '-c', script, 'sh', ...toolNames])
  const paths = new Map(
    stdout
      .toString()
      .split('\n')
      .map((line): [string, string] => [line.split(' ', 1)[0] ?? '', line.split(' ').slice(1).join(' ')]),
  )
  const osRelease = (await channel.run(['cat', '/etc/os-release'])).stdout.toString()
  const place = facts.kind === 'vm' ? thisMachine() : { folders: [], osRelease, isRoot: true }
  return findTools(place, (name) => paths.get(name))
}

/** Each attempt is a sandbox of its own: a few at a time. */
async function tryAll(machine: Machine, features: readonly Feature[]): Promise<Checked[]> {
  const waiting = [...features]
  const found = new Map<Feature, Ability>()
  const worker = async () => {
    for (let feature = waiting.shift(); feature !== undefined; feature = waiting.shift())
      found.set(feature, await machine.can(feature))
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  return features.flatMap((name) => {
    const ability = found.get(name)
    return ability === undefined ? [] : [{ name, ...ability }]
  })
}

async function outlooks(listing: Listing, machine: Machine): Promise<SuiteOutlook[]> {
  const needs = new Set(listing.scenarios.flatMap((scenario) => scenario.needs))
  const tried = new Map((await tryAll(machine, [...needs] as Feature[])).map((checked) => [checked.name, checked]))
  return [...Map.groupBy(listing.scenarios, ({ suite }) => suite)].map(([suite, scenarios]) => {
    const reasons = scenarios.map((scenario) => {
      const lacking = scenario.needs.map((need) => tried.get(need)).find((checked) => checked?.able === false)
      return lacking?.able === false ? lacking.reason : undefined
    })
    return {
      suite,
      scenarios: scenarios.length,
      runnable: reasons.filter((reason) => reason === undefined).length,
      reasons: [...new Set(reasons.filter((reason) => reason !== undefined))],
    }
  })
}

function reportAbility(): Ability {
  try {
    if (existsSync(fileURLToPath(import.meta.resolve('@allurereport/core')))) return { able: true }
  } catch {
    // Told below.
  }
  const name = '@allurereport/core'
  return { able: false, reason: `the npm package ${name} is not installed: npm install ${name}` }
}
