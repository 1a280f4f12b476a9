import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Channel } from '../channel/channel.ts'
import { holdFolder } from '../vm/cache-folder.ts'
import { restoreNode, type Session } from './session.ts'
import { isAlive, openAgentOver, type SshTarget } from './ssh.ts'

/** Folder in which one process at a time puts a node back. */
const restoring = 'restoring'

/** Puts a node back to its snapshot, whatever state it is in. */
export function putBack(session: Session, target: SshTarget): Promise<void> {
  return alone(session, () => restoreNode(session, target))
}

/**
 * A new channel to a node whose channel has ended. The node may be well (somebody else has put it back already, or only
 * the connection was lost); else it is put back. One process at a time.
 */
export async function revive(session: Session, target: SshTarget): Promise<Channel> {
  return alone(session, async () => {
    if (!(await isAlive(target))) await restoreNode(session, target)
    return openAgentOver(target)
  })
}

/** Does what only one process at a time may do with the nodes of a session. */
async function alone<Result>({ run }: Session, act: () => Promise<Result>): Promise<Result> {
  await mkdir(join(run, restoring), { recursive: true })
  const letGo = await holdFolder(join(run, restoring))
  try {
    return await act()
  } finally {
    await letGo()
  }
}
