/** Which machine the hosts of a topology are on. */
export interface Placement {
  /** The machine of all hosts that are not placed elsewhere. */
  readonly base: string
  readonly placed: readonly PlacedHost[]
}

export interface PlacedHost {
  readonly host: string
  readonly machine: string
}

/** A plus sign before `host=`; kernels may have plus signs in their names. */
const separator = /\+(?=[A-Za-z0-9][\w.-]*=)/

/**
 * Reads a machine's name that places hosts elsewhere.
 *
 * @returns undefined for a name that places none
 *
 * @example
 * readPlacement('vm:6.1+node2=vm:5.10') // { base: 'vm:6.1', placed: [{ host: 'node2', machine: 'vm:5.10' }] }
 */
export function readPlacement(name: string): Placement | undefined {
  const [base = '', ...parts] = name.split(separator)
  if (parts.length === 0) return undefined
  return { base, placed: parts.map(readPlaced).filter((one) => one !== undefined) }
}

/** Reads `node2=vm:5.10`; undefined for anything else. */
export function readPlaced(text: string): PlacedHost | undefined {
  const [, host, machine] = /^([A-Za-z0-9][\w.-]*)=(.+)$/.exec(text) ?? []
  return host === undefined || machine === undefined ? undefined : { host, machine }
}

/** The name that {@link readPlacement} reads. */
export function placementName({ base, placed }: Placement): string {
  return [base, ...placed.map(placedText)].join('+')
}

/** `node2=vm:5.10` */
export function placedText({ host, machine }: PlacedHost): string {
  return `${host}=${machine}`
}
