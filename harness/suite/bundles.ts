import { readFileSync } from 'node:fs'

/**
 * Deals suite files into bundles of about as many scenarios each, in the order of the files.
 *
 * @param count - how many bundles; none of them is empty, so that there may be fewer
 */
export function bundlesOf(files: readonly string[], count: number): (readonly string[])[] {
  const weighed = files.map((file) => ({ file, weight: weightOf(file) })).sort((a, b) => b.weight - a.weight)
  const bundles = Array.from({ length: Math.min(count, files.length) }, () => ({ weight: 0, files: new Set<string>() }))
  for (const { file, weight } of weighed) {
    const lightest = bundles.reduce((least, one) => (one.weight < least.weight ? one : least))
    lightest.weight += weight
    lightest.files.add(file)
  }
  return bundles.map((bundle) => files.filter((file) => bundle.files.has(file)))
}

/** The name by which vitest gets to run a bundle. */
export const bundlePath = (module: string, number: number): string => `${module}?bundle=${String(number)}`

/** The number of a bundle, by its name. */
export function bundleNumber(path: string): number | undefined {
  const found = /\?bundle=(\d+)$/.exec(path)?.[1]
  return found === undefined ? undefined : Number(found)
}

export const isBundle = (path: string): boolean => bundleNumber(path) !== undefined

/** About how many scenarios a file declares; a file that cannot be read is told later, by whoever runs it. */
function weightOf(file: string): number {
  try {
    return 1 + (readFileSync(file, 'utf8').match(/\bscenario\(/g)?.length ?? 0)
  } catch {
    return 1
  }
}
