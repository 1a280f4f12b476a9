import type { Sighting } from '../model/evidence.ts'
import { isGroupMac, type Spot } from './case.ts'

/**
 * Whether a frame is for a namespace by its link-layer address: for all, or for one of its devices. One that goes to a router is
 * for that one, whatever its IP address says, and what becomes of it is decided there.
 */
export function isAimedAt(s: Sighting, { ns }: Spot): boolean {
  return isGroupMac(s.targetMac) || ns.interfaces.some((dev) => dev.mac === s.targetMac)
}
