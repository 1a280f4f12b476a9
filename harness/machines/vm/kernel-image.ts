import { gunzipSync } from 'node:zlib'
import { NetwrightError } from '../../model/errors.ts'

/** How the kernel inside a bzImage is packed, and the program that unpacks it. */
export const packings = {
  gzip: ['gzip', '-dc'],
  xz: ['xz', '-dc'],
  lzma: ['xz', '-dc', '--format=lzma'],
  bzip2: ['bzip2', '-dc'],
  lz4: ['lz4', '-dc'],
  zstd: ['zstd', '-dc'],
} as const

export type Packing = keyof typeof packings

const magics: readonly (readonly [Packing, string])[] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a68'],
  ['lzma', '5d0000'],
  // The legacy frame, which is what the kernel's Makefile makes (`lz4 -l`).
  ['lz4', '02214c18'],
  ['zstd', '28b52ffd'],
]

/** The packed kernel inside a bzImage, or an ELF kernel as it is. */
export type KernelImage =
  { readonly kind: 'elf' } | { readonly kind: 'packed'; readonly packing: Packing; readonly payload: Buffer }

const elfMagic = '7f454c46'
const elfMachines: Readonly<Record<number, string>> = {
  3: 'i386',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
}

/**
 * Reads what a kernel file is.
 *
 * Source: Documentation/arch/x86/boot.rst: `HdrS` at 0x202, setup_sects at 0x1f1, payload_offset at 0x248 and
 * payload_length at 0x24c, counted from the protected-mode code.
 *
 * @param place - the file, for the error
 * @throws NETWRIGHT_BAD_KERNEL for anything that is no x86-64 kernel
 */
export function readKernelImage(bytes: Buffer, place: string): KernelImage {
  if (bytes.subarray(0, 4).toString('hex') === elfMagic) {
    checkElf(bytes, place)
    return { kind: 'elf' }
  }
  if (bytes.length < 0x250 || bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw badKernel(`it is neither a bzImage nor an ELF kernel${otherKind(bytes)}`, place)
  }
  const start = (bytes.readUInt8(0x1f1) || 4) * 512 + 512 + bytes.readUInt32LE(0x248)
  const length = bytes.readUInt32LE(0x24c)
  if (length === 0) throw badKernel('its boot protocol is older than 2.08 and does not say where the kernel is', place)
  if (start + length > bytes.length) {
    throw badKernel(`it is cut off: ${bytes.length} bytes of at least ${start + length}`, place)
  }
  const payload = bytes.subarray(start, start + length)
  const head = payload.subarray(0, 8).toString('hex')
  const packing = magics.find(([, magic]) => head.startsWith(magic))?.[0]
  if (packing === undefined) throw badKernel(`its payload begins with ${head}, which no known packing does`, place)
  return { kind: 'packed', packing, payload }
}

/** @throws NETWRIGHT_BAD_KERNEL when an unpacked kernel is not a whole x86-64 ELF file */
export function checkElf(bytes: Buffer, place: string): void {
  if (bytes.length < 64 || bytes.subarray(0, 4).toString('hex') !== elfMagic) {
    throw badKernel('what it holds is not an ELF kernel', place)
  }
  const machine = bytes.readUInt16LE(18)
  if (machine !== 62) {
    throw badKernel(`it is a kernel for ${elfMachines[machine] ?? `ELF machine ${machine}`}, not for x86_64`, place)
  }
}

/** Kernels of other architectures say what they are. */
function otherKind(bytes: Buffer): string {
  if (bytes.length >= 64 && bytes.toString('latin1', 56, 60) === 'ARMd') return ' (it is a kernel for aarch64)'
  if (bytes.length >= 64 && bytes.toString('latin1', 48, 53) === 'RISCV') return ' (it is a kernel for riscv64)'
  return ''
}

/** The error of a kernel that will not do. */
export function badKernel(
  what: string,
  place: string,
  next = 'Give an x86-64 bzImage or vmlinux, or a name from `netwright kernels`.',
): NetwrightError {
  return new NetwrightError('NETWRIGHT_BAD_KERNEL', `This kernel cannot be booted: ${what}`, { place, next })
}

/**
 * The release (`uname -r`) that a kernel file says it is.
 *
 * Source: kernel_version at 0x20e of Documentation/arch/x86/boot.rst; `linux_banner` in init/version-timestamp.c.
 *
 * @throws NETWRIGHT_BAD_KERNEL when it does not say
 */
export function kernelRelease(bytes: Buffer, place: string): string {
  const isElf = bytes.subarray(0, 4).toString('hex') === elfMagic
  const release = isElf ? releaseInBanner(bytes) : releaseInHeader(bytes)
  if (release !== undefined && release !== '') return release
  throw badKernel('it does not say which Linux it is', place)
}

function releaseInHeader(bytes: Buffer): string | undefined {
  const start = 0x200 + bytes.readUInt16LE(0x20e)
  return /^[^\s\0]+/.exec(bytes.toString('latin1', start, start + 128))?.[0]
}

function releaseInBanner(bytes: Buffer): string | undefined {
  const banner = 'Linux version '
  for (let at = bytes.indexOf(banner); at >= 0; at = bytes.indexOf(banner, at + 1)) {
    const release = /^\d+\.\d[^\s\0%]*/.exec(bytes.toString('latin1', at + banner.length, at + banner.length + 128))
    if (release) return release[0]
  }
  return undefined
}

/** The configuration that a kernel carries in itself (CONFIG_IKCONFIG built in). Source: kernel/configs.c */
export function builtInConfig(vmlinux: Buffer): Buffer | undefined {
  const start = vmlinux.indexOf('IKCFG_ST')
  const end = vmlinux.indexOf('IKCFG_ED', start)
  return start < 0 || end < 0 ? undefined : gunzipSync(vmlinux.subarray(start + 8, end))
}

/**
 * Whether QEMU can start an ELF kernel: only by the entry that CONFIG_PVH adds, which an ELF note named Xen of type 18
 * (XEN_ELFNOTE_PHYS32_ENTRY) tells.
 */
export function hasPvhEntry(vmlinux: Buffer): boolean {
  const headers = Number(vmlinux.readBigUInt64LE(32))
  const [size, count] = [vmlinux.readUInt16LE(54), vmlinux.readUInt16LE(56)]
  for (let index = 0; index < count; index++) {
    const at = headers + index * size
    const isNote = vmlinux.readUInt32LE(at) === 4
    if (!isNote) continue
    const start = Number(vmlinux.readBigUInt64LE(at + 8))
    if (notes(vmlinux.subarray(start, start + Number(vmlinux.readBigUInt64LE(at + 32)))).includes('Xen 18')) return true
  }
  return false
}

/** The notes of an ELF segment as `name type`. */
function notes(segment: Buffer): readonly string[] {
  const whole = (length: number): number => (length + 3) & ~3
  const found: string[] = []
  for (let at = 0; at + 12 <= segment.length;) {
    const [name, length, type] = [segment.readUInt32LE(at), segment.readUInt32LE(at + 4), segment.readUInt32LE(at + 8)]
    found.push(`${segment.toString('latin1', at + 12, at + 12 + Math.max(name - 1, 0))} ${type}`)
    at += 12 + whole(name) + whole(length)
  }
  return found
}
