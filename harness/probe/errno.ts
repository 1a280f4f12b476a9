import type { Errno } from '../model/evidence.ts'

/** Linux errno numbers (asm-generic/errno.h) and what strerror(3) says in the C locale. */
const table: readonly (readonly [Errno, number, string])[] = [
  ['EPERM', 1, 'Operation not permitted'],
  ['EACCES', 13, 'Permission denied'],
  ['ENODEV', 19, 'No such device'],
  ['EINVAL', 22, 'Invalid argument'],
  ['EPROTO', 71, 'Protocol error'],
  ['EMSGSIZE', 90, 'Message too long'],
  ['EADDRNOTAVAIL', 99, 'Cannot assign requested address'],
  ['ENETDOWN', 100, 'Network is down'],
  ['ENETUNREACH', 101, 'Network is unreachable'],
  ['ECONNRESET', 104, 'Connection reset by peer'],
  ['ETIMEDOUT', 110, 'Connection timed out'],
  ['ECONNREFUSED', 111, 'Connection refused'],
  ['EHOSTUNREACH', 113, 'No route to host'],
]

export function errnoByNumber(n: number): Errno {
  return table.find(([, number]) => number === n)?.[0] ?? 'EOTHER'
}

/** Finds the errno that a program's message names, `connect: Network is unreachable`. */
export function errnoInText(text: string): Errno | undefined {
  const lower = text.toLowerCase()
  return table.find(([, , words]) => lower.includes(words.toLowerCase()))?.[0]
}
