/**
 * Stable codes of errors that users meet. `kind` decides the exit code of the command line:
 * `usage` 2, `unable` 3 (the machine cannot run what was asked), `failed` 1.
 */
export const errorCodes = {
  NETWRIGHT_BAD_ADDRESS: 'usage',
  NETWRIGHT_ADDRESS_OUTSIDE_WIRE: 'usage',
  NETWRIGHT_DUPLICATE_ADDRESS: 'usage',
  NETWRIGHT_UNKNOWN_HOST: 'usage',
  NETWRIGHT_UNKNOWN_WIRE: 'usage',
  NETWRIGHT_UNKNOWN_NAMESPACE: 'usage',
  NETWRIGHT_DUPLICATE_NAME: 'usage',
  NETWRIGHT_BAD_NAME: 'usage',
  NETWRIGHT_BAD_PORT: 'usage',
  NETWRIGHT_EMPTY_SCENARIO: 'usage',
  NETWRIGHT_BAD_SCENARIO: 'usage',
  NETWRIGHT_LATE_EXPECTATION: 'usage',
  NETWRIGHT_UNKNOWN_SUITE: 'usage',
  NETWRIGHT_UNKNOWN_MACHINE: 'usage',
  NETWRIGHT_UNKNOWN_KERNEL: 'usage',
  NETWRIGHT_UNKNOWN_BOX: 'usage',
  NETWRIGHT_BAD_KERNEL: 'usage',
  NETWRIGHT_UNKNOWN_TOPOLOGY: 'usage',
  NETWRIGHT_USAGE: 'usage',
  NETWRIGHT_REPORT_NOT_WRITABLE: 'usage',
  NETWRIGHT_NAMESPACE_MISSING: 'failed',
  NETWRIGHT_SCRIPT_FAILED: 'failed',
  NETWRIGHT_BUILD_TIMEOUT: 'failed',
  NETWRIGHT_EXPECTATION_NOT_MET: 'failed',
  NETWRIGHT_EXPECTATION_NOT_MEASURED: 'failed',
  NETWRIGHT_REMEDY_NOT_NEEDED: 'failed',
  NETWRIGHT_REFUSED_OTHERWISE: 'failed',
  NETWRIGHT_NO_CAP_NET_ADMIN: 'unable',
  NETWRIGHT_NO_NAMESPACES: 'unable',
  NETWRIGHT_TOOL_MISSING: 'unable',
  NETWRIGHT_NODE_TOO_OLD: 'unable',
  NETWRIGHT_UNSUPPORTED: 'unable',
  NETWRIGHT_DISK_FULL: 'unable',
  NETWRIGHT_CHANNEL_CLOSED: 'unable',
  NETWRIGHT_AGENT: 'unable',
  NETWRIGHT_KERNEL_NOT_FETCHED: 'unable',
  NETWRIGHT_GUEST: 'unable',
  NETWRIGHT_NO_ENGINE: 'unable',
  NETWRIGHT_CONTAINER: 'unable',
  NETWRIGHT_VAGRANT: 'unable',
} as const

/** The stable code of a {@link NetwrightError}: for programs, while the words of an error may change. */
export type ErrorCode = keyof typeof errorCodes
export type ErrorKind = (typeof errorCodes)[ErrorCode]

/** What an error carries beside its sentence; every field is shown to the user when present. */
export interface ErrorDetails {
  /** The place in the user's declaration, such as `host node1, NIC ens160`. */
  readonly place?: string
  /** The command that failed, as it was typed. */
  readonly command?: string
  readonly stderr?: string
  /** What the user can do next: one sentence, or an exact command. */
  readonly next?: string
  readonly cause?: unknown
}

/**
 * An error that says what happened, the command, its stderr and what to do next.
 *
 * @example
 * throw new NetwrightError('NETWRIGHT_BAD_ADDRESS', '"10.0.0.300/24" is not an address with a prefix', {
 *   place: 'host node1, NIC eth0',
 *   next: 'Write an IPv4 or IPv6 address and a prefix length, such as 10.0.0.1/24.',
 * })
 */
export class NetwrightError extends Error {
  override readonly name = 'NetwrightError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    super(describe(code, what, details), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
  }

  get kind(): ErrorKind {
    return errorCodes[this.code]
  }
}

function describe(code: ErrorCode, what: string, details: ErrorDetails): string {
  const lines = [`${what} [${code}]`]
  if (details.place !== undefined) lines.push(`  where: ${details.place}`)
  if (details.command !== undefined) lines.push(`  command: ${details.command}`)
  if (details.stderr !== undefined && details.stderr.trim() !== '') lines.push(`  stderr: ${details.stderr.trim()}`)
  if (details.next !== undefined) lines.push(`  next: ${details.next}`)
  return lines.join('\n')
}
