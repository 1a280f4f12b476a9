import type { Evidence, Findings, Outcome } from '../model/evidence.ts'
import type { CellResult } from '../model/results.ts'
import { verdictText } from '../model/verdict.ts'
import type { Expected, Verdict } from '../model/verdict.ts'
import { channelName } from './cell-grid.ts'
import { pad } from './display-width.ts'

/** A line of evidence: what kind it is, and what it says. */
export interface EvidenceLine {
  readonly kind: string
  readonly text: string
}

/** A verdict with its place or detail: `blocked: link-down, at node1 ens160`. */
export function fullVerdictText(verdict: Verdict | Expected): string {
  switch (verdict.verdict) {
    case 'reached':
      return verdictText(verdict)
    case 'blocked':
      return verdict.at === undefined ? verdictText(verdict) : `${verdictText(verdict)}, at ${verdict.at}`
    case 'inconclusive':
      return `${verdictText(verdict)}, ${verdict.detail}`
  }
}

/** What the prober, the neighbour tables, the controls and the look-ups said, beside the captured frames. */
export function evidenceLines(evidence: Evidence): EvidenceLine[] {
  const { outcome, neighbours, controls, findings, captureProblem } = evidence
  return [
    { kind: 'prober', text: outcomeText(outcome) },
    ...neighbours.map(({ ns, dev, address, state, mac }) => ({
      kind: 'neighbour',
      text: [`${ns}:`, address, 'dev', dev, ...(mac === undefined ? [] : ['lladdr', mac]), state].join(' '),
    })),
    ...controls.map(({ end, from, alive, method, text }) => ({
      kind: 'control',
      text: `${end} ${alive ? 'is alive' : 'is NOT shown to be alive'}: ${text} (${method}, from ${from})`,
    })),
    ...findingLines(findings),
    ...(captureProblem === undefined ? [] : [{ kind: 'capture', text: `cannot be trusted: ${captureProblem}` }]),
  ]
}

function findingLines({
  netfilter = [],
  counters = [],
  routes = [],
  listening,
  tapOpen,
  unknown = [],
  untraceable = [],
}: Findings): EvidenceLine[] {
  return [
    ...netfilter.map(({ ns, rule, verdict }) => ({ kind: 'netfilter', text: `${ns}: ${verdict} by ${rule}` })),
    ...counters.map(({ ns, name, delta }) => ({ kind: 'counter', text: `${ns}: ${name} +${delta}` })),
    ...routes.map(({ ns, to, from, iif, vrf, dev, via, error, rule }) => {
      const words = (given: Record<string, string | undefined>): string[] =>
        Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
      const way = error === undefined ? words({ via, dev }) : [error]
      const because = rule === undefined ? '' : ` (${rule})`
      return { kind: 'route', text: `${[`${ns}: to`, to, ...words({ from, iif, vrf }), ...way].join(' ')}${because}` }
    }),
    ...(listening === undefined
      ? []
      : [{ kind: 'socket', text: `${listening ? 'a' : 'no'} socket of the target listens on the port` }]),
    ...(tapOpen === undefined
      ? []
      : [{ kind: 'tap', text: `${tapOpen ? 'a' : 'no'} process has the tap of the target’s device open` }]),
    ...[...unknown, ...untraceable].map((text) => ({ kind: 'unknown', text })),
  ]
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reply':
      return 'got the reply'
    case 'errno':
      return `${outcome.errno}, ${outcome.text}`
    case 'silence':
      return 'no answer'
    case 'tool-missing':
      return `tool missing: ${outcome.text}`
    case 'namespace-missing':
      return `namespace missing: ${outcome.text}`
    case 'failed':
      return `failed: ${outcome.text}`
  }
}

/** The evidence of a cell as a timeline: every frame with its microsecond, namespace, device and direction. */
export function evidenceText(cell: CellResult): string {
  const { sightings } = cell.evidence
  const places = sightings.map(({ ns, dev }) => `${ns} ${dev}`)
  const width = Math.max(0, ...places.map((place) => place.length))
  const digits = Math.max(0, ...sightings.map(({ us }) => us.toFixed(0).length))
  return [
    `${cell.from} → ${cell.to} ${cell.address} (${channelName(cell)}), ${cell.ms.toFixed(0)} ms`,
    `  expected  ${fullVerdictText(cell.expected)}`,
    `  observed  ${fullVerdictText(cell.observed)}`,
    ...(cell.documentSays === undefined ? [] : [`  document  ${fullVerdictText(cell.documentSays)}`]),
    ...cell.story.map((sentence) => `  ${sentence}`),
    ...(sightings.length === 0 ? ['  no frame was captured'] : []),
    ...sightings.map(({ us, direction, text, forOther }, index) => {
      const place = pad(places[index] ?? '', width)
      return `  ${us.toFixed(0).padStart(digits)} µs  ${place}  ${direction.padEnd(3)}  ${text}${forOther === true ? ' (for another MAC)' : ''}`
    }),
    ...evidenceLines(cell.evidence).map(({ kind, text }) => `  ${kind.padEnd(9)}  ${text}`),
  ].join('\n')
}
