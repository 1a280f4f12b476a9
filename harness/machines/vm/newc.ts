/** A file, folder or link of an initramfs. Paths are absolute. */
export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Uint8Array; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/**
 * Packs a cpio archive in the `newc` format, all owned by root, without times, so that the same content gives the
 * same bytes. Folders that entries need are added.
 *
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function packNewc(entries: readonly ArchiveEntry[]): Buffer {
  const pieces: Buffer[] = []
  const made = new Set(['', '/'])
  let inode = 1
  const add = (path: string, mode: number, bytes: Uint8Array = Buffer.alloc(0)) => {
    const name = Buffer.from(path === 'TRAILER!!!' ? `${path}\0` : `${path.slice(1)}\0`)
    const fields = [inode++, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0]
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
    pieces.push(Buffer.from(head), name, padding(head.length + name.length), Buffer.from(bytes), padding(bytes.length))
  }
  const addParents = (path: string): void => {
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (made.has(parent)) return
    addParents(parent)
    made.add(parent)
    add(parent, 0o40755)
  }
  for (const entry of entries) {
    if (made.has(entry.path)) continue
    made.add(entry.path)
    addParents(entry.path)
    switch (entry.kind) {
      case 'folder':
        add(entry.path, 0o40000 | (entry.mode ?? 0o755))
        break
      case 'file':
        add(entry.path, 0o100000 | (entry.mode ?? 0o644), entry.bytes)
        break
      case 'link':
        add(entry.path, 0o120777, Buffer.from(entry.target))
        break
    }
  }
  add('TRAILER!!!', 0)
  const archive = Buffer.concat(pieces)
  // The kernel takes archives one after the other when each begins on a multiple of four bytes.
  return Buffer.concat([archive, Buffer.alloc((512 - (archive.length % 512)) % 512)])
}

const padding = (length: number) => Buffer.alloc((4 - (length % 4)) % 4)

/** The content of one file of an archive that {@link packNewc} made. */
export function readFromNewc(archive: Buffer, path: string): Buffer | undefined {
  const field = (at: number, index: number): number =>
    parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
  const whole = (length: number): number => length + ((4 - (length % 4)) % 4)
  for (let at = 0; at + 110 <= archive.length;) {
    const nameLength = field(at, 11)
    const name = archive.toString('utf8', at + 110, at + 110 + nameLength - 1)
    if (name === 'TRAILER!!!') return undefined
    const start = at + whole(110 + nameLength)
    const length = field(at, 6)
    if (`/${name}` === path) return archive.subarray(start, start + length)
    at = start + whole(length)
  }
  return undefined
}
