import type { ArchiveEntry } from '../vm/newc.ts'

const block = 512
const typeFlags = { file: '0', link: '2', folder: '5' } as const

/**
 * Packs a tar archive in the POSIX `ustar` format, all owned by root, without times, so that the same content gives the
 * same bytes. It is what `docker import` takes.
 *
 * @throws RangeError for a path that the format cannot hold: beyond 100 bytes, and not to be split into 155 and 100
 *
 * Source: pax(1p), "ustar Interchange Format"
 */
export function packUstar(entries: readonly ArchiveEntry[]): Buffer {
  const pieces = entries.flatMap((entry) => {
    const bytes = entry.kind === 'file' ? Buffer.from(entry.bytes) : Buffer.alloc(0)
    return [header(entry, bytes.length), bytes, Buffer.alloc((block - (bytes.length % block)) % block)]
  })
  return Buffer.concat([...pieces, Buffer.alloc(2 * block)])
}

function header(entry: ArchiveEntry, size: number): Buffer {
  const head = Buffer.alloc(block)
  const octal = (value: number, at: number, length: number): void => {
    head.write(value.toString(8).padStart(length - 1, '0'), at)
  }
  const { prefix, name } = split(entry.path.slice(1))
  head.write(name, 0)
  octal(entry.kind === 'link' ? 0o777 : (entry.mode ?? (entry.kind === 'folder' ? 0o755 : 0o644)), 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  head.write(typeFlags[entry.kind], 156)
  if (entry.kind === 'link') head.write(entry.target, 157)
  head.write('ustar\0' + '00', 257)
  head.write(prefix, 345)
  head.write(' '.repeat(8), 148) // the checksum counts its own field as spaces
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return head
}

function split(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path }
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name }
  }
  throw new RangeError(`a tar archive cannot hold the path /${path}`)
}
