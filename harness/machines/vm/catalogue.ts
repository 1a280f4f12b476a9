import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { unknownName } from '../../model/names.ts'

const catalogueSchema = z.strictObject({
  /** A QEMU with what older ones lack, such as an SR-IOV card. */
  qemu: z.strictObject({
    /** Debian suite whose build runs with the libraries of the oldest Debian that is supported. */
    suite: z.string(),
    /** The program, and what a guest's start needs beside it. */
    packages: z.array(z.string()),
  }),
  kernels: z.record(
    z.string(),
    z.strictObject({
      /** Debian suite that carries the kernel. */
      suite: z.string(),
      /** The package that depends on the suite's newest kernel. */
      package: z.string(),
      /** Debian's `cloud` kernels boot fastest; `full` ones have every device type. */
      flavour: z.enum(['cloud', 'full']),
    }),
  ),
})

/** A kernel that can be fetched, as fixtures/kernels/catalogue.json has it. */
export interface CatalogueKernel {
  /** As on the command line, after `vm:`. */
  readonly name: string
  readonly suite: string
  readonly package: string
  readonly flavour: 'cloud' | 'full'
}

const catalogueFile = new URL('../../../fixtures/kernels/catalogue.json', import.meta.url)

async function readCatalogue(): Promise<z.infer<typeof catalogueSchema>> {
  return catalogueSchema.parse(JSON.parse(await readFile(catalogueFile, 'utf8')))
}

/** The packages of the QEMU that can be fetched. */
export async function qemuPackages(): Promise<{ readonly suite: string; readonly packages: readonly string[] }> {
  return (await readCatalogue()).qemu
}

export async function kernelCatalogue(): Promise<readonly CatalogueKernel[]> {
  const { kernels } = await readCatalogue()
  return Object.entries(kernels).map(([name, kernel]) => ({ name, ...kernel }))
}

/**
 * The catalogue's entry of a name.
 *
 * @throws NETWRIGHT_UNKNOWN_KERNEL with the nearest name and all that exist
 */
export async function findKernel(name: string): Promise<CatalogueKernel> {
  const catalogue = await kernelCatalogue()
  const found = catalogue.find((kernel) => kernel.name === name)
  if (found) return found
  throw unknownName(
    'NETWRIGHT_UNKNOWN_KERNEL',
    'kernel',
    name,
    catalogue.map((kernel) => kernel.name),
    `machine vm:${name}`,
  )
}
