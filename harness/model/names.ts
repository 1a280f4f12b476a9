import { NetwrightError, type ErrorCode } from './errors.ts'

const utf8 = new TextEncoder()

/**
 * What the kernel would say against an interface name, or `undefined` when it takes it.
 *
 * 1 to 15 bytes (not characters) without `/`, `:` or white space, and none of `.`, `..`, `all`, `default`. White
 * space is what the kernel's Latin-1 table says it is, byte by byte: `à` is refused because its UTF-8 form holds 0xA0.
 * A `%` is refused although the kernel takes one `%d`: it makes a number of it, so the name would not be the one
 * that was asked for.
 *
 * Source: `dev_valid_name` and `dev_alloc_name` in net/core/dev.c; `sysctl_dev_name_is_allowed` in net/ipv4/devinet.c.
 *
 * @example
 * interfaceNameProblem('mac1@eth0') // undefined
 * interfaceNameProblem('eth0:1') // 'it holds ":"'
 */
export function interfaceNameProblem(name: string): string | undefined {
  const bytes = utf8.encode(name)
  if (bytes.length === 0) return 'it is empty'
  if (bytes.length > 15) return `it has ${bytes.length} bytes, and the kernel takes 15 at most`
  if (name === '.' || name === '..') return 'the kernel reserves it'
  if (name === 'all' || name === 'default') return 'sysctl uses it for all interfaces'
  for (const forbidden of ['/', ':', '\0']) {
    if (name.includes(forbidden)) return `it holds ${JSON.stringify(forbidden)}`
  }
  if (bytes.some((byte) => (byte >= 0x09 && byte <= 0x0d) || byte === 0x20 || byte === 0xa0)) {
    return 'it holds a byte that the kernel takes for white space'
  }
  if (name.includes('%')) return 'it holds "%", which the kernel takes for a pattern to number'
  return undefined
}

/**
 * The name, when the kernel takes it for an interface.
 *
 * @param place - where it was declared, such as `host node1`
 * @throws NetwrightError NETWRIGHT_BAD_NAME, by the rules of {@link interfaceNameProblem}
 */
export function checkInterfaceName(name: string, place: string): string {
  const problem = interfaceNameProblem(name)
  if (problem === undefined) return name
  throw badName('an interface name', name, problem, place, 'Use 1 to 15 letters, digits, "-", "_", "." or "@".')
}

/**
 * The name, when ip(8) takes it for a network namespace: 1 to 255 bytes without `/`, not `.` or `..`.
 *
 * Source: `invalid_name` in iproute2's ip/ipnetns.c. A NUL is refused as well: no command line can carry it.
 *
 * @throws NetwrightError NETWRIGHT_BAD_NAME
 */
export function checkNamespaceName(name: string, place: string): string {
  const problem = namespaceNameProblem(name)
  if (problem === undefined) return name
  throw badName('a namespace name', name, problem, place, 'Use 1 to 255 bytes without "/", such as ns1.')
}

function namespaceNameProblem(name: string): string | undefined {
  const length = utf8.encode(name).length
  if (length === 0) return 'it is empty'
  if (length > 255) return `it has ${length} bytes, and a file name takes 255 at most`
  if (name === '.' || name === '..') return 'it stands for a folder'
  if (name.includes('/')) return 'it holds "/"'
  if (name.includes('\0')) return 'it holds a NUL'
  return undefined
}

/**
 * The name, when a host or a wire may have it: 1 to 63 letters, digits, `-`, `_`, `.`, beginning with a letter or a
 * digit. Digits and dots alone are refused: columns of a matrix are names *or* addresses.
 *
 * @throws NetwrightError NETWRIGHT_BAD_NAME
 */
export function checkUnderlayName(what: 'host' | 'wire', name: string): string {
  const problem = underlayNameProblem(name)
  if (problem === undefined) return name
  const next = 'Use 1 to 63 letters, digits, "-", "_" and ".", beginning with a letter, such as node1.'
  throw badName(`the name of a ${what}`, name, problem, 'underlay', next)
}

function underlayNameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.length > 63) return `it has ${name.length} characters, and 63 are allowed`
  if (!/^[A-Za-z0-9_.-]*$/.test(name)) return 'it holds a character other than letters, digits, "-", "_" and "."'
  if (!/^[A-Za-z0-9]/.test(name)) return 'it begins with neither a letter nor a digit'
  if (/^[0-9.]*$/.test(name)) return 'it could be taken for an address'
  return undefined
}

/**
 * Shell variable that stands for the PID of a host's holder in journalled commands and reproducers.
 *
 * @example
 * holderVariable('node-1') // 'NS_node_1'
 */
export function holderVariable(host: string): string {
  return `NS_${host.replaceAll(/[^A-Za-z0-9]/g, '_')}`
}

function badName(what: string, name: string, problem: string, place: string, next: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_BAD_NAME', `${JSON.stringify(name)} cannot be ${what}: ${problem}`, {
    place,
    next,
  })
}

/**
 * An error for a name that nobody declared: says which exist, and which one was probably meant.
 *
 * @example
 * throw unknownName('NETWRIGHT_UNKNOWN_WIRE', 'wire', 'lna', ['lan', 'wan'], 'host node1, NIC ens160')
 * // there is no wire "lna" [NETWRIGHT_UNKNOWN_WIRE]
 * //   where: host node1, NIC ens160
 * //   next: Did you mean "lan"? There are: lan, wan.
 */
export function unknownName(
  code: ErrorCode,
  what: string,
  name: string,
  candidates: readonly string[],
  place: string,
): NetwrightError {
  const close = nearest(name, candidates)
  const question = close === undefined ? '' : `Did you mean ${JSON.stringify(close)}? `
  const existing = candidates.length === 0 ? `No ${what} is declared yet.` : `There are: ${candidates.join(', ')}.`
  return new NetwrightError(code, `there is no ${what} ${JSON.stringify(name)}`, { place, next: question + existing })
}

/**
 * The candidate that was probably meant: at most a third of its letters (at least one) are wrong, missing, too
 * many or swapped with their neighbour. Case does not count. The first of equals wins.
 *
 * @example
 * nearest('nod1', ['node1', 'client']) // 'node1'
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    const allowed = Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3))
    if (distance <= allowed && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Optimal string alignment: insert, delete, replace, swap two neighbours. */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, at(before, column - 2) + 1)
      current.push(cost)
    }
    before = above
    above = current
  }
  return at(above, b.length)
}

const at = (row: readonly number[], column: number) => row[column] ?? Infinity
