import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { access, open, readdir, readFile, readlink, stat, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'

/** A key, a challenge and a proof are each 32 bytes in hexadecimal digits. */
const wordBytes = 32
const word = /^[0-9a-f]{64}$/

/** A challenge, and a key: what nobody guesses. */
export const randomWord = (): string => randomBytes(wordBytes).toString('hex')

/**
 * What only who has the key can say of a conversation. Who speaks and where is part of it, so that a proof is good for
 * nothing else.
 */
export const prove = (key: string, who: 'door' | 'guest', conversation: readonly string[]): string =>
  createHmac('sha256', key)
    .update([who, ...conversation].join('\0'))
    .digest('hex')

/** Compares two proofs in a time that tells nothing of where they differ. */
export const isSameProof = (one: string, other: string): boolean =>
  word.test(one) && timingSafeEqual(Buffer.from(one), Buffer.from(other))

/** A file with a new key, which has no name: it is this process's, and gone with it (O_TMPFILE, open(2)). */
export async function newKey(): Promise<{ readonly key: string; readonly file: FileHandle }> {
  const key = randomWord()
  const flags = 0o20_000_000 | constants.O_DIRECTORY | constants.O_RDWR
  const shared = '/dev/shm'
  const folder = await access(shared, constants.W_OK).then(
    () => shared,
    () => tmpdir(),
  )
  const file = await open(folder, flags, 0o600)
  await file.write(key)
  return { key, file }
}

/**
 * Reads the key of a process from a file that it has open. The number comes from whoever answered, so the file is opened
 * only if it is one that {@link newKey} makes: nothing else of this machine is ever read for a stranger.
 *
 * @throws Error that says why not: the process is another user's, or the file is no key
 */
export async function readKey(pid: number, fd: string): Promise<string> {
  const notKey = new Error(`what process ${String(pid)} calls its key is none`)
  if (!/^\d{1,9}$/.test(fd)) throw notKey
  const path = `/proc/${String(pid)}/fd/${fd}`
  try {
    const { uid } = await stat(`/proc/${String(pid)}`)
    const isKey = (file: Stats): boolean =>
      file.isFile() && file.nlink === 0 && file.uid === uid && file.size === 2 * wordBytes && (file.mode & 0o077) === 0
    // Before it is opened, too: to open a device is to do something to it.
    if (!isKey(await stat(path))) throw notKey
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!isKey(await file.stat())) throw notKey
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2 * wordBytes), 0, 2 * wordBytes, 0)
      const key = buffer.subarray(0, bytesRead).toString('latin1')
      if (!word.test(key)) throw notKey
      return key
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error === notKey ? notKey : whyNot(pid, error)
  }
}

/**
 * Checks that a process listens on an abstract unix socket: any process of the machine can take a name, but this
 * one has to have it open (proc_pid_fd(5), /proc/net/unix in proc_net(5)).
 *
 * @throws Error that says why not: nobody listens, the process is another user's, or another process has the name
 */
export async function checkListener(pid: number, name: string): Promise<void> {
  const table = await readFile('/proc/self/net/unix', 'utf8')
  // Num: RefCount Protocol Flags Type St Inode Path; the flag is that it accepts connections.
  const rows = table.split('\n').map((row) => row.trim().split(/\s+/))
  const inodes = rows.flatMap(([, , , flags, , , inode, path]) =>
    path === `@${name}` && flags === '00010000' ? [`socket:[${inode ?? ''}]`] : [],
  )
  if (inodes.length === 0) throw new Error(`process ${String(pid)} keeps no lab`)
  const folder = `/proc/${String(pid)}/fd`
  try {
    const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
    if (links.some((link) => inodes.includes(link))) return
  } catch (error) {
    throw whyNot(pid, error)
  }
  throw new Error(`another process answers in the name of process ${String(pid)}, which keeps no lab`)
}

/** What hinders a look into a process. */
function whyNot(pid: number, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException
  const process = `process ${String(pid)}`
  if (code === 'EACCES' || code === 'EPERM') {
    return new Error(`the lab of ${process} is another user’s`, { cause: error })
  }
  if (code === 'ENOENT' || code === 'ESRCH') return new Error(`${process} keeps no lab`, { cause: error })
  return new Error(`the key of ${process} cannot be read: ${message}`, { cause: error })
}
