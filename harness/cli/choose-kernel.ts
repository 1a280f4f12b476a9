import { kernelCatalogue } from '../machines/vm/catalogue.ts'
import { storedKernel } from '../machines/vm/kernel-store.ts'
import { linkTypesOf } from '../machines/vm/kernel-support.ts'

/** A kernel that is cached, with the link types it has. */
export interface CachedKernel {
  /** As on the command line, after `vm:`. */
  readonly name: string
  readonly flavour: 'cloud' | 'full'
  readonly linkTypes: readonly string[]
}

/** A kernel for what a machine lacks, or why none is tried. */
export type KernelChoice = { readonly name: string; readonly fetch: boolean } | { readonly reason: string }

/** What to fetch where nothing is cached: what is small and has most types, and what has them all. */
export const defaultKernel = '6.12'
const toFetch = { cloud: defaultKernel, full: '6.12-full' } as const

/** Link types that Debian's cloud kernels are built without. */
const fullOnly: readonly string[] = ['can', 'vcan', 'vxcan', 'hsr', 'batadv', 'lowpan', 'ipoib', 'gtp']

/** Every catalogue kernel that the cache has, those with the most link types first: one VM then carries all it can. */
export async function cachedKernels(): Promise<CachedKernel[]> {
  const kernels = await Promise.all(
    (await kernelCatalogue()).map(async ({ name, flavour }) => {
      const stored = await storedKernel(name)
      return stored === undefined ? [] : [{ name, flavour, linkTypes: await linkTypesOf(stored) }]
    }),
  )
  return kernels.flat().sort((a, b) => b.linkTypes.length - a.linkTypes.length)
}

/**
 * The kernel for features that this machine lacks: a cached one that has them, else one to fetch. Programs are no
 * reason for a VM: its programs are this machine's.
 *
 * @param missing - features such as `link:ipvlan` and `sriov`
 */
export function chooseKernel(missing: readonly string[], cached: readonly CachedKernel[]): KernelChoice {
  if (missing.some((feature) => /^(tool:|docker)/.test(feature)))
    return { reason: 'a VM has the programs of this machine, no others' }
  const types = missing.flatMap((feature) => (feature.startsWith('link:') ? [feature.slice('link:'.length)] : []))
  // Debian's cloud kernels have no driver of the card either.
  const needsFull = missing.includes('sriov') || types.some((type) => fullOnly.includes(type))
  const isEnough = ({ flavour }: CachedKernel) => flavour === 'full' || !missing.includes('sriov')
  const found = cached.find((one) => isEnough(one) && types.every((type) => one.linkTypes.includes(type)))
  if (found !== undefined) return { name: found.name, fetch: false }
  const tried = cached.filter(({ flavour }) => flavour === 'full' || !needsFull)
  // A kernel like these would lack it as well.
  if (tried.length > 0)
    return { reason: `no cached kernel has it either: ${tried.map(({ name }) => `vm:${name}`).join(', ')}` }
  return { name: needsFull ? toFetch.full : toFetch.cloud, fetch: true }
}
