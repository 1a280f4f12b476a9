/**
 * The closed list of reasons. What each means, the evidence that proves it and its usual cure stand
 * in `harness/verdict/reasons.ts`.
 */
export const reasonNames = [
  'macvlan-parent-isolation',
  'ipvlan-parent-isolation',
  'private-mode',
  'vepa-not-reflected',
  'source-mode-filter',
  'passthru-takes-all',
  'l3-no-multicast',
  'link-down',
  'no-route',
  'no-return-route',
  'neighbour-unanswered',
  'netfilter-drop',
  'reverse-path-filter',
  'no-listener',
  'forwarding-off',
  'mtu-exceeded',
] as const
/** Why a packet does not arrive: a proven cause, from the catalogue that `reasons` describes. */
export type Reason = (typeof reasonNames)[number]

/** Why nothing can be said. None of these satisfies any expectation, positive or negative. */
export const whyNames = [
  'tool-missing',
  'not-traceable',
  'namespace-missing',
  'no-address',
  'device-missing',
  'capture-failed',
  'prober-failed',
  'contradictory',
  'no-control',
  'ambiguous',
  'unexplained',
] as const
/** Why a cell was measured and no verdict can be given. */
export type Why = (typeof whyNames)[number]

/** What is to be said of one cell: it is reached, it is blocked for a proven reason, or nothing can be proven. */
export type Verdict =
  | { readonly verdict: 'reached' }
  | {
      readonly verdict: 'blocked'
      readonly reason: Reason
      /** Where it stopped: `node1/ns1 mac1`. */ readonly at: string
    }
  | { readonly verdict: 'inconclusive'; readonly why: Why; readonly detail: string }

/** What a suite may expect of a cell; `inconclusive` can never be expected. */
export type Expected =
  { readonly verdict: 'reached' } | { readonly verdict: 'blocked'; readonly reason: Reason; readonly at?: string }

/** The source gets the reply, and the request is seen arriving where the address lives. */
export const reached: Expected = { verdict: 'reached' }

/**
 * The probe stops for exactly this reason.
 *
 * @param reason - one of the catalogue; being blocked for another reason fails the expectation
 * @param options - `at` also pins the place, as `namespace device`: `blocked('link-down', { at: 'node1 ens160' })`
 */
export function blocked(reason: Reason, options: { readonly at?: string } = {}): Expected {
  return options.at === undefined ? { verdict: 'blocked', reason } : { verdict: 'blocked', reason, at: options.at }
}

/** True only when the verdict is conclusive and is the expected one. */
export function meets(observed: Verdict, expected: Expected): boolean {
  switch (observed.verdict) {
    case 'inconclusive':
      return false
    case 'reached':
      return expected.verdict === 'reached'
    case 'blocked':
      return (
        expected.verdict === 'blocked' &&
        expected.reason === observed.reason &&
        (expected.at === undefined || expected.at === observed.at)
      )
  }
}

/** `reached`, `blocked: no-route`, `inconclusive: tool-missing`. */
export function verdictText(verdict: Verdict | Expected): string {
  switch (verdict.verdict) {
    case 'reached':
      return 'reached'
    case 'blocked':
      return `blocked: ${verdict.reason}`
    case 'inconclusive':
      return `inconclusive: ${verdict.why}`
  }
}
