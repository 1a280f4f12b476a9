import type { Outcome } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { arpRequest, neighbourSolicitation } from '../model/frame-builders.ts'
import { FarEndError } from '../machines/channel/channel.ts'
import type { Attempt, Field } from './attempt.ts'
import { egress } from '../model/egress.ts'

/**
 * Asks for the link-layer address of the target: an ARP request, or a neighbour solicitation, sent as a frame by the
 * device that the source would use. The answer is told by the captures alone.
 */
export function attemptResolution(field: Field, spec: ProbeSpec): Attempt {
  const { lab, graph } = field
  const target = lab.namespaces.get(spec.from)
  const dev = egress(graph, spec.from, spec.address)
  const own = dev?.addresses.find((a) => a.family === spec.family)
  let abandon: () => void = () => undefined
  const abandoned = new Promise<Outcome>((resolve) => {
    abandon = () => {
      resolve({ kind: 'silence' })
    }
  })
  async function live(): Promise<Outcome> {
    if (target === undefined) return { kind: 'namespace-missing', text: `namespace ${spec.from} does not exist` }
    if (dev === undefined || own === undefined) {
      return {
        kind: 'errno',
        errno: 'ENETUNREACH',
        text: `${spec.from} has no device by which to ask for ${spec.address}`,
      }
    }
    const question = { sourceMac: dev.mac, source: own.address, target: spec.address }
    const frame = spec.family === 4 ? arpRequest(question) : neighbourSolicitation(question)
    try {
      await lab.channel.inject(target.path, dev.index, frame)
    } catch (error) {
      if (!(error instanceof FarEndError)) throw error
      return { kind: 'failed', text: error.message }
    }
    return abandoned
  }
  return {
    spec,
    marks: {},
    outcome: Promise.race([live(), abandoned]),
    abandon: () => {
      abandon()
    },
  }
}
