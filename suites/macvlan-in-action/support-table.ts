/** What the document's table says of a distribution, by the ID of os-release(5): the first version with macvlan. */
const floors: Readonly<Record<string, number>> = { ubuntu: 13.1, rhel: 7, centos: 7, fedora: 19, debian: 8 }

/** Whether the table says of a kernel (`uname -r`) that it has macvlan: 3.9 to 3.19, and 4.0 or newer. */
export function isListedKernel(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  return major > 3 || (major === 3 && minor >= 9)
}

/** A distribution, beside the table. */
export interface TableRow {
  readonly name: string
  /** First version that has macvlan, by the table; absent where the table says nothing of this distribution. */
  readonly floor?: number
  /** Whether this version is the floor or above it. */
  readonly isListed: boolean
}

/** Looks a distribution up in the table; one without a version (Debian's sid) cannot be looked up. */
export function tableRow(osRelease: string): TableRow {
  const field = (name: string) => new RegExp(`^${name}=["']?([^"'\n]*)`, 'm').exec(osRelease)?.[1] ?? ''
  const [id, version] = [field('ID'), Number.parseFloat(field('VERSION_ID'))]
  const name = field('PRETTY_NAME') || id || 'a distribution without a name'
  const floor = Number.isNaN(version) ? undefined : floors[id]
  return floor === undefined ? { name, isListed: false } : { name, floor, isListed: version >= floor }
}
