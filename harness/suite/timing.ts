import type { NeighbourTimers } from '../lab/quiet.ts'
import { promptPatience, type Patience } from '../probe/prober.ts'

/** How patient probing is on a kind of machine: emulated processors are slower by an order. */
export interface Timing {
  readonly patience: Patience
  readonly neighbours: NeighbourTimers
}

const prompt: Timing = { patience: promptPatience, neighbours: { retransMs: 30 } }
const emulated: Timing = {
  patience: { quietMs: 120, traceMs: 600, deadlineMs: 8000, lookMs: 20 },
  neighbours: { retransMs: 150 },
}

export function timingFor(machineKind: string): Timing {
  return machineKind === 'vm' || machineKind === 'vagrant' ? emulated : prompt
}
