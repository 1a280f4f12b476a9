import { hanging } from '../report/display-width.ts'
import type { Ability } from '../machines/machine.ts'
import type { Diagnosis } from './doctor.ts'
import type { Terminal } from './terminal.ts'

/** Where labs are, by the kind of the machine. */
const places: Readonly<Partial<Record<string, string>>> = {
  vm: 'in this VM',
  container: 'in this container',
  vagrant: 'in this box',
}

/** What `netwright doctor` prints. */
export function diagnosisText(found: Diagnosis, { colours, width }: Pick<Terminal, 'colours' | 'width'>): string {
  const yes = colours.green('ok     ')
  const no = colours.red('missing')
  const line = (mark: string, name: string, text: string) =>
    hanging(' '.repeat(9 + 10), text, width).map((wrapped, at) =>
      at === 0 ? `${mark}  ${name.padEnd(10)}${wrapped.slice(19)}` : wrapped,
    )
  const { machine } = found
  const there = places[machine?.kind ?? ''] ?? 'here'
  const able = found.linkTypes.filter((type) => type.able).map(({ name }) => name)
  return [
    ...title('Machine'),
    ...(machine === undefined
      ? []
      : [`${machine.distro}, kernel ${machine.kernel}, ${machine.arch}`, `labs run as ${machine.privilege}`]),
    ...(found.remarks ?? []),
    `netwright ${found.netwright}, Node ${found.node}`,
    ...title(
      machine?.kind === 'vm'
        ? 'Tools in the guest (it has those of this machine)'
        : `Tools${there === 'here' ? '' : ` ${there}`}`,
    ),
    ...found.tools.flatMap(({ name, why, path, get, required }) =>
      line(
        path === undefined ? no : yes,
        name,
        path === undefined ? `${why}${required ? ' (labs need it)' : ''}: ${get ?? ''}` : why,
      ),
    ),
    ...line(
      found.report.able ? yes : no,
      'report',
      found.report.able ? 'makes the page of `run --report`' : found.report.reason,
    ),
    ...(machine === undefined ? [] : kernelLines()),
    ...(found.suites.length === 0 ? [] : [...title('Suites'), ...suiteLines()]),
    ...found.brokenSuites.flatMap(({ suite, why }) => line(colours.red('broken '), '', `${suite}: ${why}`)),
    '',
    found.able
      ? colours.green(`Labs can run ${there}.`)
      : `${colours.red(`Labs cannot run ${there}:`)} ${found.problem ?? ''}`,
  ]
    .slice(1)
    .join('\n')

  function title(text: string): string[] {
    return ['', colours.bold(text)]
  }

  function kernelLines(): string[] {
    const lacking = found.linkTypes.flatMap((type) => (type.able ? [] : [type]))
    return [
      ...title('Kernel'),
      ...line(
        found.ipv6?.able === false ? no : yes,
        'IPv6',
        found.ipv6?.able === false ? found.ipv6.reason : 'addresses can be set',
      ),
      ...line(yes, 'links', able.join(', ')),
      ...(found.sriov === undefined ? [] : sriovLine(found.sriov)),
      ...lacking.flatMap(({ name, reason }) => line(colours.yellow('no     '), name, reason)),
    ]
  }

  function sriovLine(ability: Ability): string[] {
    return ability.able
      ? line(yes, 'SR-IOV', `a card with virtual functions${ability.how === undefined ? '' : `: ${ability.how}`}`)
      : line(colours.yellow('no     '), 'SR-IOV', ability.reason)
  }

  function suiteLines(): string[] {
    return found.suites.flatMap(({ suite, scenarios, runnable, reasons }) => {
      const mark =
        runnable === scenarios
          ? colours.green('all    ')
          : runnable === 0
            ? colours.yellow('none   ')
            : colours.yellow('some   ')
      const rest = reasons.flatMap((reason) => hanging(' '.repeat(9) + '- ', reason, width))
      return [`${mark}  ${suite}: ${String(runnable)} of ${String(scenarios)} scenarios`, ...rest]
    })
  }
}
