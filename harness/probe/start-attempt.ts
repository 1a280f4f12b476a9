import type { ProbeSpec } from '../model/probe.ts'
import type { Attempt, Field } from './attempt.ts'
import { attemptEcho } from './icmp.ts'
import { attemptResolution } from './resolution.ts'
import { attemptSocket } from './sockets.ts'

/** Starts one probe. */
export function startAttempt(field: Field, spec: ProbeSpec): Attempt {
  switch (spec.protocol.kind) {
    case 'icmp':
      return attemptEcho(field, spec)
    case 'arp':
      return attemptResolution(field, spec)
    case 'tcp':
    case 'udp':
    case 'broadcast':
    case 'multicast':
      return attemptSocket(field, spec)
  }
}
