import type { Evidence, Findings } from '../model/evidence.ts'
import type { Prober } from './prober.ts'
import { askRoutes, cameInBy, type RouteQuestion } from './route-lookups.ts'
import type { Sender } from './sightings.ts'

/**
 * Asks stacks whose count of refused sources rose whether they refuse the probe's: others' packets may be counted meanwhile. A look-up on
 * behalf of a packet that came in validates its source as its arrival does (fib_validate_source). It is asked beside that
 * whether the stack could send there at all, since kernels from 6.13 on have the same word for both refusals
 * (inet_rtm_getroute: EINVAL, before it EXDEV).
 */
export function validateSources(
  prober: Prober,
  evidence: Evidence,
  counted: readonly string[],
  senders: readonly Sender[],
): Promise<Pick<Findings, 'routes' | 'unknown'>> {
  const { address } = evidence.probe
  const questions = counted.flatMap((ns): RouteQuestion[] => {
    const here = senders.filter((sender) => sender.ns === ns).map((sender) => sender.address)
    const forth = cameInBy(prober, evidence, ns, 'request')
    const back = cameInBy(prober, evidence, ns, 'reply')
    return [
      ...(forth === undefined ? [] : here.map((from) => ({ ns, to: address, from, ...forth }))),
      ...(back === undefined ? [] : here.map((to) => ({ ns, to, from: address, ...back }))),
    ].flatMap((question) => [{ ns, to: question.to }, question])
  })
  return askRoutes(prober, questions)
}
