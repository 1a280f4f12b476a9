import { holderVariable } from '../model/names.ts'
import type { CellResult, JournalEntry, ScenarioResult, StepResult } from '../model/results.ts'
import { verdictText } from '../model/verdict.ts'
import { reproPrelude } from './repro-prelude.ts'

/**
 * The scenario as a bash script that needs nothing of Netwright: it rebuilds the lab in a sandbox of its own, types
 * the recorded commands in order, and asks each ICMP cell again with `ping`, beside the recorded verdict.
 *
 * Run it with `sudo bash repro.sh`, or without root where user namespaces are allowed; `--shell` leaves the lab up and
 * opens a shell in it. It exits with 1 when a cell answers otherwise than recorded.
 */
export function reproScript(scenario: ScenarioResult): string {
  const { machine } = scenario
  return [
    '#!/usr/bin/env bash',
    comment(`${scenario.suite}: ${scenario.scenario}`),
    comment(
      `Recorded on ${machine.distro}, kernel ${machine.kernel}, ${machine.arch}. Needs iproute2, util-linux, ping.`,
    ),
    comment('Run: sudo bash THIS_FILE [--shell]   (without sudo where user namespaces are allowed)'),
    reproPrelude,
    ...hostsOf(scenario).map(({ name, role }) => `host ${quoted(name)} ${holderVariable(name)} ${role}`),
    ...phasesOf(scenario).flatMap(phaseLines),
    '',
    'finish "$@"',
    '',
  ].join('\n')
}

const comment = (text: string) => `# ${text.replaceAll(/\s+/g, ' ')}`
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Every host that something was typed on or that the kernel showed, wires first. */
function hostsOf({ journal, graphs }: ScenarioResult): { name: string; role: string }[] {
  const roles = new Map((graphs[0]?.graph.namespaces ?? []).map(({ host, role }) => [host, role]))
  for (const { id, role } of graphs[0]?.graph.namespaces ?? []) roles.set(id, role)
  const hosts = graphs[0]?.graph.namespaces.filter(({ name }) => name === undefined).map(({ host }) => host) ?? []
  const names = new Set([...hosts, ...journal.map(({ host }) => hostOf(host))])
  names.delete('sandbox')
  const role = (name: string) => (name.startsWith('wire:') ? 'wire' : (roles.get(name) ?? 'host'))
  return [...names].map((name) => ({ name, role: role(name) })).sort((a, b) => rank(a.role) - rank(b.role))
}

/** `node1` of `node1/ns1`. */
const hostOf = (id: string) => id.split('/', 1)[0] ?? id

const rank = (role: string) => (role === 'wire' ? 0 : 1)

/** A step with the commands that were typed up to its end. */
interface Phase {
  readonly title: string
  readonly entries: readonly JournalEntry[]
  readonly cells: readonly CellResult[]
}

/** The journal in its order, cut where the steps end; what was typed outside of steps is kept. */
function phasesOf({ journal, steps }: ScenarioResult): Phase[] {
  const keys = journal.map(keyOf)
  let done = 0
  const phases = steps.map((step): Phase => {
    const last = Math.max(done - 1, ...step.journal.map((entry) => keys.indexOf(keyOf(entry), done)))
    const entries = journal.slice(done, last + 1)
    done = last + 1
    return { title: titleOf(step), entries, cells: step.kind === 'expect' ? step.cells : [] }
  })
  return [...phases, { title: 'afterwards', entries: journal.slice(done), cells: [] }]
}

const keyOf = ({ host, command, startMs }: JournalEntry) => `${startMs} ${host} ${command}`

function titleOf(step: StepResult): string {
  switch (step.kind) {
    case 'build':
    case 'expect':
      return step.title === step.kind ? step.kind : `${step.kind}: ${step.title}`
    case 'finding':
      return `check: ${step.title}`
    case 'remedy':
    case 'undo':
      return step.title
  }
}

function phaseLines({ title, entries, cells }: Phase): string[] {
  // Probes are asked again as checks.
  const typed = entries.filter(({ by }) => by !== 'probe')
  const checks = cells.flatMap(checkLines)
  if (typed.length + checks.length === 0) return []
  const cold = checks.some((line) => line.startsWith('check ')) ? ['cold'] : []
  return ['', `echo; echo ${quoted(`== ${title}`)}`, ...typed.map(commandLine), ...cold, ...checks]
}

function commandLine({ host, command, code, signal }: JournalEntry): string {
  const [on = '', ns] = host.split('/')
  const typed = ns === undefined ? command : `ip netns exec ${ns} bash -c ${quoted(command)}`
  const args = `${quoted(on)} "$${holderVariable(on)}" ${quoted(typed)}`
  if (signal !== null || code === null)
    return `# was ended (${signal ?? 'no exit code'}) on ${host}: ${command}`.replaceAll('\n', '\n# ')
  return code === 0 ? `on ${args}` : `try ${code} ${args}`
}

function checkLines(cell: CellResult): string[] {
  const { from, address, protocol } = cell.evidence.probe
  const name = `${cell.from} → ${cell.to} ${cell.address}`
  const recorded = verdictText(cell.observed)
  if (protocol.kind !== 'icmp' || cell.observed.verdict === 'inconclusive') {
    return [comment(`recorded without a check here: ${name} (${cell.proto}, IPv${cell.family}) is ${recorded}`)]
  }
  const [host = '', ns = ''] = from.split('/')
  return [`check ${quoted(name)} "$${holderVariable(host)}" ${quoted(ns)} ${quoted(address)} ${quoted(recorded)}`]
}
