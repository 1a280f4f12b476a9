import type { Claim } from '../model/results.ts'

/** A write-up and its rows. */
export interface Document<Row extends string = string> {
  readonly claims: readonly Claim[]
  /** The claim of a row, to link a scenario to. */
  readonly claim: (row: Row) => Claim & { readonly siblings: readonly Claim[] }
}

/**
 * Declares what a document shows or claims, row by row. Rows that no scenario tests are reported as not tested.
 *
 * @example
 * const doc = document('macvlan-in-action', 'Macvlan 网络方案实践', { A3: 'ns1 and ns2 reach each other' })
 * scenario(macvlanBridge, 'children talk', { claim: doc.claim('A3') })
 */
export function document<const Row extends string>(
  name: string,
  title: string,
  rows: Readonly<Record<Row, string>>,
): Document<Row> {
  const claims = Object.entries<string>(rows).map(([row, says]): Claim => ({
    id: `${name} ${row}`,
    document: name,
    documentTitle: title,
    says,
  }))
  return {
    claims,
    claim: (row) => {
      const found = claims.find((c) => c.id === `${name} ${row}`)
      if (found === undefined) throw new Error(`document ${name} has no row ${row}`)
      return { ...found, siblings: claims }
    },
  }
}
