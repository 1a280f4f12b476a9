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

function badKernel(what: string, place: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_BAD_KERNEL', `This kernel cannot be booted: ${what}`, {
    place,
    next: 'Give an x86-64 bzImage or vmlinux, or a name from `netwright kernels`.',
  })
}
