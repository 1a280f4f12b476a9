import type { CellResult } from '../model/results.ts'

/** The cells of one protocol and family as rows of sources and columns of destinations. */
export interface Grid {
  /** `icmp, IPv4`. */
  readonly title: string
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  at(row: string, column: string): CellResult | undefined
}

/** `tcp/8080, IPv6`. */
export function channelName(cell: Pick<CellResult, 'proto' | 'family'>): string {
  return `${cell.proto}, IPv${cell.family}`
}

/**
 * One grid per protocol and family, in the order of their first cells; rows and columns in the order in which the
 * suite named them. A destination with several addresses gets a column per address.
 */
export function gridsOf(cells: readonly CellResult[]): Grid[] {
  const groups = Map.groupBy(cells, channelName)
  return [...groups].map(([title, members]) => {
    const several = new Set<string>()
    const seen = new Map<string, string>()
    for (const { to, address } of members) {
      if ((seen.get(to) ?? address) !== address) several.add(to)
      seen.set(to, address)
    }
    const columnOf = ({ to, address }: CellResult) => (several.has(to) ? `${to} ${address}` : to)
    // A source is called as the suite calls it where it is a destination: `ns1` rather than `node1/ns1`.
    const names = new Map(members.filter(isNamed).map(({ to, evidence }) => [evidence.probe.owner ?? to, to]))
    const rowOf = ({ from, evidence }: CellResult) => names.get(evidence.probe.from) ?? from
    const byPlace = new Map(members.map((cell) => [`${rowOf(cell)}\n${columnOf(cell)}`, cell]))
    const rows = [...new Set(members.map(rowOf))]
    // Sources first, so that the names of a square matrix run the same way in both directions.
    const named = new Set(members.map(columnOf))
    const columns = [...rows.filter((row) => named.has(row)), ...[...named].filter((name) => !rows.includes(name))]
    return { title, rows, columns, at: (row, column) => byPlace.get(`${row}\n${column}`) }
  })
}

const isNamed = ({ to, address }: CellResult) => to !== address
