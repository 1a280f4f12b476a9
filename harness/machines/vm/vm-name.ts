import { resolve } from 'node:path'

/** A kernel that a VM can boot: one of the catalogue, the one that this machine has installed, or a file. */
export type KernelChoice =
  | { readonly kind: 'catalogue'; readonly name: string }
  | { readonly kind: 'host' }
  | { readonly kind: 'file'; readonly file: string; readonly modules?: string }

export interface VmName {
  readonly kernel: KernelChoice
  /** Added to the kernel's command line. */
  readonly parameters: readonly string[]
}

/**
 * Reads what stands after `vm:` on the command line: `6.1`, `host`, or the path of a kernel, which holds a `/`. After a
 * `?` come parameters for the kernel's command line, separated by `&`; `modules=DIR` among them is for us.
 *
 * @example
 * readVmName('6.1?ipv6.disable=1') // IPv6 is off in the whole guest
 * readVmName('./arch/x86/boot/bzImage')
 */
export function readVmName(name: string): VmName {
  const [kernel = '', query = ''] = name.split(/\?(.*)/s)
  const parts = query.split('&').filter((part) => part !== '')
  const modules = parts.find((part) => part.startsWith(modulesPart))?.slice(modulesPart.length)
  return {
    kernel: kernelChoice(kernel, modules),
    parameters: parts.filter((part) => !part.startsWith(modulesPart)),
  }
}

/** The name, without its `vm:`, of a VM that boots a kernel file, with absolute paths. */
export function vmNameOfFile(file: string, modules?: string): string {
  return `${quote(resolve(file))}${modules === undefined ? '' : `?${modulesPart}${quote(resolve(modules))}`}`
}

const modulesPart = 'modules='

function kernelChoice(kernel: string, modules: string | undefined): KernelChoice {
  if (kernel === 'host') return { kind: 'host' }
  if (!kernel.includes('/')) return { kind: 'catalogue', name: kernel }
  const file = unquote(kernel)
  return { kind: 'file', file, ...(modules === undefined ? {} : { modules: unquote(modules) }) }
}

const quote = (path: string) => path.replaceAll(/[%?&]/g, encodeURIComponent)

const unquote = (path: string) =>
  path.replaceAll(/%(25|3F|26)/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
