import { familyOf } from '../model/addresses.ts'
import { NetwrightError } from '../model/errors.ts'
import { protocolName, type Family, type Protocol } from '../model/probe.ts'
import type { Claim } from '../model/results.ts'
import type { Expected } from '../model/verdict.ts'
import type { Feature } from '../machines/machine.ts'
import type { Hosts, Topology } from '../lab/topology.ts'
import type { CheckContext, Found, PlannedCell, PlannedStep, ScenarioPlan } from './plan.ts'
import { resolveDestination, resolvePlace, type AddressText } from './places.ts'

/** Rows are sources, columns are destinations: places of the topology, or literal addresses. */
export type Matrix<Place extends string> = {
  readonly [From in Place]?: { readonly [To in Place | AddressText]?: Expected }
}

export interface ExpectOptions<Place extends string> {
  /** What the probes speak; default ICMP echo. With several, each cell is measured by each. */
  readonly over?: Protocol | readonly Protocol[]
  /** Address families for columns that are places; default IPv4. */
  readonly family?: Family | readonly Family[]
  /** What the document says of cells in which it differs from what is expected here. */
  readonly documentSays?: Matrix<Place>
  /** Title of the step; default `expect`. */
  readonly as?: string
}

/** What a scenario is about, and what it needs of the machine beside its topology. */
export interface ScenarioOptions {
  /** The row of a document that this tests: `document(…).claim('A7')`. */
  readonly claim?: Claim & { readonly siblings?: readonly Claim[] }
  /** The condition that varies between scenarios of one claim: `hairpin on`. */
  readonly when?: string
  /** What the kernel must carry, beside what the topology needs. */
  readonly needs?: readonly Feature[]
}

export interface FindingOptions {
  /** What is known to be true; default `true`, as the document says. */
  readonly expected?: boolean
  /** What the document says; default `true`: the title is the document's statement. */
  readonly documentSays?: boolean
}

/** Builds a scenario step by step; reads like the document. */
export interface Scenario<HostName extends string, Place extends string> {
  /** Every cell must hold, measured from cold caches. */
  readonly expect: (matrix: Matrix<Place>, options?: ExpectOptions<Place>) => Scenario<HostName, Place>
  /** Does something first; no cell need change by it. */
  readonly given: (title: string, apply: (hosts: Hosts<HostName>) => Promise<unknown>) => Scenario<HostName, Place>
  /**
   * Applies a remedy (or the opposite of one). At least one cell measured before and after must flip, else the remedy was
   * not needed and the scenario fails. Between those two expectations nothing else may be done: a flip that another step
   * may have caused proves nothing.
   *
   * @param undo - takes the remedy back; `andBack` needs it
   */
  readonly until: (
    title: string,
    apply: (hosts: Hosts<HostName>) => Promise<unknown>,
    undo?: (hosts: Hosts<HostName>) => Promise<unknown>,
  ) => Scenario<HostName, Place>
  /** Takes the last remedy back and expects what held before it: that proves the remedy was the cause. */
  readonly andBack: () => Scenario<HostName, Place>
  /** States something that is not about reachability, and looks whether it holds. */
  readonly finding: (
    title: string,
    check: (context: CheckContext<HostName>) => Promise<Found>,
    options?: FindingOptions,
  ) => Scenario<HostName, Place>
}

/**
 * Starts a plan and the builder that fills it; the plan is complete when the suite file has been read.
 *
 * @param isClosed - tells whether the scenario has begun to run: steps added after that are an error
 */
export function planScenario<HostName extends string, Place extends string>(
  topology: Topology<HostName, Place>,
  title: string,
  options: ScenarioOptions,
  isClosed: () => boolean = () => false,
): { plan: ScenarioPlan; builder: Scenario<HostName, Place> } {
  const steps: PlannedStep[] = []
  const problems: NetwrightError[] = []
  const where = `scenario "${title}"`
  const general = topology as unknown as Topology

  function add(make: () => PlannedStep): Scenario<HostName, Place> {
    if (isClosed()) {
      throw new NetwrightError('NETWRIGHT_LATE_EXPECTATION', 'A step was added after the scenario began to run', {
        place: where,
        next: 'Declare every step while the suite file is read, not in a callback.',
      })
    }
    try {
      steps.push(make())
    } catch (error) {
      if (!(error instanceof NetwrightError)) throw error
      problems.push(error)
    }
    return builder
  }

  const builder: Scenario<HostName, Place> = {
    expect: (matrix, expectOptions = {}) =>
      add(() => {
        const cells = planCells(general, matrix, expectOptions, where)
        return { kind: 'expect', title: expectOptions.as ?? 'expect', cells }
      }),
    given: (what, apply) => add(() => ({ kind: 'given', title: what, apply: apply })),
    until: (what, apply, undo) =>
      add(() => ({
        kind: 'until',
        title: what,
        apply: apply,
        ...(undo === undefined ? {} : { undo: undo }),
      })),
    andBack: () => add(() => ({ kind: 'back' })),
    finding: (what, check, findingOptions = {}) =>
      add(() => ({
        kind: 'finding',
        title: what,
        check: check,
        holds: findingOptions.documentSays ?? true,
        expected: findingOptions.expected ?? true,
      })),
  }
  const { claim, when, needs = [] } = options
  const plan: ScenarioPlan = {
    title,
    topology: general,
    ...(claim === undefined ? {} : { claim }),
    documentClaims: claim?.siblings ?? (claim === undefined ? [] : [claim]),
    ...(when === undefined ? {} : { when }),
    needs: [...topology.needs, ...needs],
    steps,
    problems,
  }
  return { plan, builder }
}

/** A matrix without its names. */
type Rows = Readonly<Record<string, Readonly<Record<string, Expected | undefined>> | undefined>>

function planCells<Place extends string>(
  topology: Topology,
  matrix: Matrix<Place>,
  options: ExpectOptions<Place>,
  where: string,
): PlannedCell[] {
  const protocols = [options.over ?? ({ kind: 'icmp' } as const)].flat()
  const families: readonly Family[] = [options.family ?? 4].flat()
  const said: Rows = options.documentSays ?? {}
  const rows: Rows = matrix
  const cells = Object.entries(rows).flatMap(([row, columns]) => {
    const from = resolvePlace(topology, row, where)
    return Object.entries(columns ?? {}).flatMap(([to, expected]): PlannedCell[] => {
      if (expected === undefined) return []
      const destination = resolveDestination(topology, to, where)
      const literal = destination.kind === 'address' ? familyOf(destination.address) : undefined
      const documentSays = said[row]?.[to]
      return (literal === undefined ? families : [literal]).flatMap((family) =>
        protocols.map((protocol) => {
          checkProtocol(protocol, family, where)
          return {
            from,
            to,
            destination,
            family,
            protocol,
            expected,
            ...(documentSays === undefined ? {} : { documentSays }),
          }
        }),
      )
    })
  })
  for (const [row, columns] of Object.entries(said)) {
    for (const to of Object.keys(columns ?? {})) {
      const rowId = resolvePlace(topology, row, where)
      if (!cells.some((c) => c.from === rowId && c.to === to)) {
        throw new NetwrightError(
          'NETWRIGHT_BAD_SCENARIO',
          `documentSays has ${row} → ${to}, which is not expected here`,
          { place: where },
        )
      }
    }
  }
  if (cells.length === 0) {
    throw new NetwrightError('NETWRIGHT_BAD_SCENARIO', 'An expectation has no cell', {
      place: where,
      next: 'Write rows and columns: expect({ ns1: { ns2: reached } }).',
    })
  }
  return cells
}

function checkProtocol(protocol: Protocol, family: Family, where: string): void {
  if ('port' in protocol && !(Number.isInteger(protocol.port) && protocol.port >= 1 && protocol.port <= 65535)) {
    throw new NetwrightError('NETWRIGHT_BAD_PORT', `${String(protocol.port)} is not a port`, {
      place: where,
      next: 'Ports are 1 to 65535.',
    })
  }
  if (protocol.kind === 'broadcast' && family === 6) {
    throw new NetwrightError('NETWRIGHT_BAD_SCENARIO', `IPv6 has no broadcast (${protocolName(protocol)})`, {
      place: where,
      next: 'Use multicast.',
    })
  }
}
