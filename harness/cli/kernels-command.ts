import { hanging } from '../report/display-width.ts'
import { findKernel, kernelCatalogue } from '../machines/vm/catalogue.ts'
import { provideKernel, storedKernel } from '../machines/vm/kernel-store.ts'
import { linkTypesOf } from '../machines/vm/kernel-support.ts'
import { usage } from './arguments.ts'
import { isSet, type Command } from './command.ts'
import { fetchQemu, listQemu, qemuLines, qemuName } from './qemu-list.ts'
import { exitCodes } from './exit-codes.ts'
import { nearest } from '../model/names.ts'
import type { Terminal } from './terminal.ts'

/** A kernel as `netwright kernels --json` lists it. */
interface ListedKernel {
  /** As after `--on`. */
  readonly machine: string
  readonly state: 'cached' | 'to fetch'
  readonly flavour: 'cloud' | 'full'
  /** Suite and package of Debian that it comes from. */
  readonly suite: string
  readonly package: string
  /** `uname -r`, once it is cached. */
  readonly release?: string
  /** Link types that it has; known once it is cached. */
  readonly linkTypes?: readonly string[]
}

/** `netwright kernels` */
export const kernelsCommand: Command = {
  description: 'Lists the kernels that `--on vm:NAME` boots: what is cached, what can be fetched, what each supports',
  args: {
    fetch: {
      type: 'positional',
      required: false,
      description:
        'The word `fetch` and names: fetches those kernels, or `qemu`, a newer QEMU, for later runs without a network',
    },
    json: { type: 'boolean', description: 'Print the list as JSON' },
    again: { type: 'boolean', description: 'Fetch also what is cached: Debian may have a newer one by now' },
  },
  maxWords: Infinity,
  examples: [
    ['netwright kernels', 'what there is'],
    ['netwright kernels fetch 6.1 6.12', 'for later runs without a network'],
    ['netwright kernels fetch 6.12-full qemu', 'for labs with an SR-IOV card'],
    ['netwright run ipvlan-in-depth --on vm:6.1', 'any suite on one of them'],
  ],
  run: async ({ args, terminal }) => {
    const [action, ...names] = args.positionals
    if (action === undefined) {
      if (isSet(args, 'again'))
        throw usage('kernels', '--again goes with fetch', 'netwright kernels fetch NAME --again')
      const [kernels, qemu] = await Promise.all([listKernels(), listQemu()])
      terminal.print(
        isSet(args, 'json')
          ? JSON.stringify({ schemaVersion: 1, kernels, qemu }, null, 2)
          : [listText(kernels, terminal), ...qemuLines(qemu, terminal)].join('\n'),
      )
      return exitCodes.ok
    }
    if (action !== 'fetch') throw await unknownAction(action)
    await fetchKernels(names, isSet(args, 'again'), terminal)
    if (isSet(args, 'json')) {
      const wanted = new Set(names.map(machineOf))
      const kernels = (await listKernels()).filter(({ machine }) => wanted.has(machine))
      terminal.print(JSON.stringify({ schemaVersion: 1, kernels }, null, 2))
    }
    return exitCodes.ok
  },
}

/** Names are taken with and without the `vm:` of `--on`. */
const machineOf = (name: string) => `vm:${name.replace(/^vm:/, '')}`

async function fetchKernels(names: readonly string[], again: boolean, { note }: Terminal): Promise<void> {
  if (names.length === 0) {
    const known = [...(await kernelCatalogue()).map(({ name }) => name), qemuName]
    throw usage('kernels fetch', 'it does not say which kernels', `Name some of: ${known.join(', ')}.`)
  }
  // All names are right before the first megabyte comes.
  const wanted = await Promise.all(
    names.filter((name) => name !== qemuName).map((name) => findKernel(name.replace(/^vm:/, ''))),
  )
  if (names.includes(qemuName)) await fetchQemu(again, note)
  for (const kernel of wanted) {
    const had = await storedKernel(kernel.name)
    const { release } = await provideKernel(kernel, note, again)
    const what =
      had === undefined || had.release !== release ? 'fetched' : again ? 'still the newest' : 'cached already'
    note(`vm:${kernel.name}: ${release}, ${what}`)
  }
}

async function unknownAction(word: string): Promise<Error> {
  const names = [...(await kernelCatalogue()).map(({ name }) => name), qemuName]
  const name = word.replace(/^vm:/, '')
  if (names.includes(name)) return usage('kernels', `what about ${word}?`, `netwright kernels fetch ${name}`)
  const suggestion = nearest(word, ['fetch']) === undefined ? '' : 'Did you mean "fetch"? '
  return usage(
    'kernels',
    `there is nothing called ${JSON.stringify(word)} to do`,
    `${suggestion}See: netwright kernels --help`,
  )
}

async function listKernels(): Promise<readonly ListedKernel[]> {
  return Promise.all(
    (await kernelCatalogue()).map(async ({ name, ...kernel }): Promise<ListedKernel> => {
      const stored = await storedKernel(name)
      const machine = machineOf(name)
      if (stored === undefined) return { machine, state: 'to fetch', ...kernel }
      return { machine, state: 'cached', ...kernel, release: stored.release, linkTypes: await linkTypesOf(stored) }
    }),
  )
}

function listText(kernels: readonly ListedKernel[], { colours, width }: Terminal): string {
  const column = (of: (kernel: ListedKernel) => string) => Math.max(...kernels.map((kernel) => of(kernel).length))
  const [machines, releases] = [column(({ machine }) => machine), column(({ release = '' }) => release)]
  const rows = kernels.map(({ machine, state, release = '', flavour, suite }) => {
    const mark = state === 'cached' ? colours.green(state.padEnd(8)) : colours.yellow(state)
    return `${machine.padEnd(machines)}  ${mark}  ${release.padEnd(releases)}  ${flavour.padEnd(5)}  Debian ${suite}`
  })
  const cached = kernels.filter(({ linkTypes }) => linkTypes !== undefined)
  const typesOf = ({ linkTypes = [] }: ListedKernel) => linkTypes
  const everywhere = (cached[0]?.linkTypes ?? []).filter((type) => cached.every((one) => typesOf(one).includes(type)))
  const beyond = cached.flatMap((kernel) => {
    const more = typesOf(kernel).filter((type) => !everywhere.includes(type))
    return more.length === 0 ? [] : hanging(`  ${kernel.machine.padEnd(machines)}  also `, more.join(', '), width)
  })
  const links =
    cached.length === 0
      ? []
      : [
          '',
          colours.bold('Link types of those that are cached'),
          ...hanging(`  ${'all'.padEnd(machines)}  `, everywhere.join(', '), width),
          ...beyond,
        ]
  const fetchable = kernels
    .filter(({ state }) => state === 'to fetch')
    .map(({ machine }) => machine.slice('vm:'.length))
  return [
    colours.bold('Kernels for --on'),
    ...rows,
    ...links,
    '',
    'cloud kernels boot fastest; full ones have every device type.',
    ...(fetchable.length === 0 ? [] : [`To fetch one: netwright kernels fetch ${fetchable[0] ?? ''}`]),
  ].join('\n')
}
