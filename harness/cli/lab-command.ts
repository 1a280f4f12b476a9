import { openLab, type Lab } from '../lab/lab.ts'
import type { Topology } from '../lab/topology.ts'
import { NetwrightError } from '../model/errors.ts'
import type { ScenarioResult } from '../model/results.ts'
import type { Place } from '../machines/channel/channel.ts'
import { enterArguments } from '../machines/local/enter.ts'
import type { Machine } from '../machines/machine.ts'
import { openTerminal } from '../machines/channel/terminal.ts'
import { reproScript } from '../report/repro-script.ts'
import { machineFor } from '../suite/machine-for.ts'
import { placeIds, resolvePlace } from '../suite/places.ts'
import { isSet, valueOf, type Command, type CommandCall } from './command.ts'
import { enterLab, needTerminal } from './enter-lab.ts'
import { exitCodes } from './exit-codes.ts'
import { openLocalShell, promptOf, shellArguments, terminalSize, useStreams, useTerminal } from './lab-shell.ts'
import { chooseTopology, loadTopologies } from './load-topologies.ts'
import type { Terminal } from './terminal.ts'
import { topologyTree } from './topology-tree.ts'

interface LabPlace {
  readonly id: string
  readonly place: Place
}

/** `netwright lab [TOPOLOGY]` */
export const labCommand: Command = {
  description:
    'Builds a topology, shows what the kernel made of it, and opens a shell in it; the lab goes with the shell',
  args: {
    topology: {
      type: 'positional',
      required: false,
      description: 'Name of a topology, or a file that exports one; without it they are listed',
    },
    host: { type: 'string', valueHint: 'HOST', description: 'Host to be on; the first one unless told' },
    ns: { type: 'string', valueHint: 'NAME', description: 'Network namespace to be in: ns1, or node1/ns1' },
    exec: {
      type: 'string',
      valueHint: 'COMMAND',
      description: 'Run one command there instead of a shell, and exit with its code',
    },
    enter: {
      type: 'string',
      valueHint: 'LAB:PLACE',
      description: 'Enter a lab that `netwright run --keep` keeps, as it prints, instead of building one',
    },
    print: { type: 'boolean', description: 'Print a bash script that builds the lab without netwright' },
    on: {
      type: 'string',
      valueHint: 'MACHINE',
      description:
        'Machine to build on: local (unless told), container, vm:KERNEL, vagrant:BOX, or auto, which is local',
    },
  },
  examples: [
    ['netwright lab', 'the topologies there are'],
    ['netwright lab macvlan-bridge', 'a shell on its first host'],
    ['netwright lab macvlan-bridge --ns ns1', 'a shell in a namespace'],
    ['netwright lab macvlan-bridge --ns ns1 --exec "ping -c1 192.168.179.13"', 'one command'],
    ['netwright lab ipvlan-l2-on-ens10 --on vm:6.1', 'a shell in a lab on another kernel'],
    ['netwright lab macvlan-bridge --print > lab.sh', 'a script that needs nothing of netwright'],
  ],
  run: async (call) => {
    const { args, terminal } = call
    const kept = valueOf(args, 'enter')
    if (kept !== undefined) return enterLab(kept, call)
    const cwd = process.cwd()
    const on = valueOf(args, 'on') ?? 'local'
    const known = await loadTopologies(cwd)
    const [word] = args.positionals
    if (word === undefined) {
      for (const { name, topology } of known)
        terminal.print(`${name}  ${terminal.colours.dim(placeIds(topology).join(' '))}`)
      return exitCodes.ok
    }
    const topology = await chooseTopology(word, known, cwd)
    const place = placeOf(topology, args)
    if (valueOf(args, 'exec') === undefined && !isSet(args, 'print'))
      needTerminal('Give a command with --exec, or --print for a script.')
    const machine = await machineFor(on)
    try {
      await checkNeeds(topology, machine)
      const lab = await openLab(machine, topology)
      try {
        await lab.build()
        return await use(lab, place, args, terminal)
      } finally {
        await lab.dispose()
      }
    } finally {
      await machine.dispose()
    }
  },
}

/** The place that `--host` and `--ns` name. */
function placeOf(topology: Topology, args: CommandCall['args']): string {
  const [host, ns] = [valueOf(args, 'host'), valueOf(args, 'ns')]
  const name = [host, ns].filter((part) => part !== undefined).join('/')
  return name === '' ? (topology.underlay.hosts[0]?.name ?? '') : resolvePlace(topology, name, 'netwright lab')
}

async function checkNeeds(topology: Topology, machine: Machine): Promise<void> {
  for (const need of topology.needs) {
    const ability = await machine.can(need)
    if (ability.able) continue
    throw new NetwrightError(
      'NETWRIGHT_UNSUPPORTED',
      `the topology "${topology.name}" cannot be built here: ${ability.reason}`,
      {
        next: 'Run it on a machine whose kernel has it.',
      },
    )
  }
}

async function use(lab: Lab, place: string, args: CommandCall['args'], terminal: Terminal): Promise<number> {
  if (isSet(args, 'print')) {
    terminal.print(reproScript(await buildResult(lab)).trimEnd())
    return exitCodes.ok
  }
  const target = lab.namespaces.get(place)
  if (target === undefined) {
    throw new NetwrightError(
      'NETWRIGHT_NAMESPACE_MISSING',
      `the script of "${lab.topology.name}" made no namespace ${place}`,
      {
        next: `There are: ${[...lab.namespaces.keys()].join(', ')}.`,
      },
    )
  }
  const command = valueOf(args, 'exec')
  if (command !== undefined) return execute(lab, target.place, command)
  terminal.note(topologyTree(await lab.graph(), terminal.errorColours))
  return openShell(lab, { id: place, place: target.place }, terminal)
}

/** The lab as a scenario that only builds: what the script is printed from. */
async function buildResult(lab: Lab): Promise<ScenarioResult> {
  const journal = [...lab.journal.entries]
  return {
    suite: 'lab',
    scenario: lab.topology.name,
    topology: lab.topology.name,
    status: 'met',
    machine: lab.machine.facts,
    steps: [{ kind: 'build', title: lab.topology.name, ms: 0, journal }],
    unmeasured: [],
    graphs: [{ label: 'built', graph: await lab.graph() }],
    journal,
    failures: [],
    files: [],
    ms: 0,
  }
}

/** Runs a command in a place of the lab, with our streams; answers its exit code. */
async function execute(lab: Lab, place: Place, command: string): Promise<number> {
  return useStreams(await lab.channel.spawn(['bash', '-c', command], { place, env: lab.machine.environment }))
}

/** An interactive shell. On this machine it gets the terminal itself, so it is entered from outside of the channel. */
async function openShell(lab: Lab, { id, place }: LabPlace, terminal: Terminal): Promise<number> {
  terminal.note(terminal.errorColours.dim(`A shell on ${id}; the lab ends with it (exit, or Ctrl-D).`))
  const env = { ...lab.machine.environment, ...promptOf(id), NETWRIGHT_LAB: lab.topology.name }
  const localPid = await lab.channel.localPid?.()
  const commands = await enterArguments(localPid, [...lab.namespaces.values()], lab.machine.facts.privilege)
  const local = commands.get(id)
  if (local !== undefined) return openLocalShell(local, env)
  const options = { place, env: { ...env, TERM: process.env['TERM'] ?? 'linux' }, ...terminalSize() }
  return useTerminal(await openTerminal(lab.channel, shellArguments, options))
}
