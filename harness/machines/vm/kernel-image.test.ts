import { expect, test } from 'vitest'
import { readKernelImage } from './kernel-image.ts'

/** A bzImage with a payload 32 bytes behind the setup code of one sector. */
function bzImage(payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(1024 + 32)
  head.writeUInt8(1, 0x1f1)
  head.write('HdrS', 0x202, 'latin1')
  head.writeUInt32LE(32, 0x248)
  head.writeUInt32LE(length, 0x24c)
  return Buffer.concat([head, payload, Buffer.alloc(16, 0xff)])
}

const elf = (machine: number): Buffer => {
  const bytes = Buffer.alloc(64)
  bytes.write('7f454c46', 'hex')
  bytes.writeUInt16LE(machine, 18)
  return bytes
}

test.each([
  ['lz4', '02214c18aabbccdd'],
  ['xz', 'fd377a585a000004'],
  ['zstd', '28b52ffd00000000'],
  ['gzip', '1f8b080000000000'],
])('finds the %s payload of a bzImage', (packing, head) => {
  const payload = Buffer.concat([Buffer.from(head, 'hex'), Buffer.from('kernel')])
  expect(readKernelImage(bzImage(payload), 'bzImage')).toEqual({ kind: 'packed', packing, payload })
})

test('takes an uncompressed kernel as it is', () => {
  expect(readKernelImage(elf(62), 'vmlinux')).toEqual({ kind: 'elf' })
})

test('says what is wrong with a file that cannot be booted', () => {
  const why = (bytes: Buffer): string => {
    try {
      readKernelImage(bytes, 'the/file')
    } catch (error) {
      return String(error).split('\n')[0] ?? ''
    }
    return 'taken'
  }
  const arm = Buffer.alloc(64)
  arm.write('ARMd', 56, 'latin1')
  expect([
    why(Buffer.from('#!/bin/sh')),
    why(elf(183)),
    why(arm),
    why(bzImage(Buffer.from('02214c18', 'hex'), 5000)),
    why(bzImage(Buffer.from('0011223344556677', 'hex'))),
  ]).toMatchInlineSnapshot(`
    [
      "NetwrightError: This kernel cannot be booted: it is neither a bzImage nor an ELF kernel [NETWRIGHT_BAD_KERNEL]",
      "NetwrightError: This kernel cannot be booted: it is a kernel for aarch64, not for x86_64 [NETWRIGHT_BAD_KERNEL]",
      "NetwrightError: This kernel cannot be booted: it is neither a bzImage nor an ELF kernel (it is a kernel for aarch64) [NETWRIGHT_BAD_KERNEL]",
      "NetwrightError: This kernel cannot be booted: it is cut off: 1076 bytes of at least 6056 [NETWRIGHT_BAD_KERNEL]",
      "NetwrightError: This kernel cannot be booted: its payload begins with 0011223344556677, which no known packing does [NETWRIGHT_BAD_KERNEL]",
    ]
  `)
})
