import { readFile, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Beginning of the control groups of engines that ran in a lab. */
const prefix = 'netwright-lab-'

/** Where this machine may have mounted the second version of control groups. */
const mounts = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']

/**
 * Control groups of Docker Engines whose lab is over. A lab's processes, mounts and devices go with it; its control groups,
 * empty, are the one thing that the kernel keeps (cgroups(7)).
 */
export async function leftControlGroups(): Promise<readonly string[]> {
  const found = await Promise.all(
    mounts.map(async (mount) => {
      const names = await readdir(mount).catch(() => [])
      return names.filter((name) => name.startsWith(prefix)).map((name) => join(mount, name))
    }),
  )
  const isLeft = await Promise.all(found.flat().map(isEmpty))
  return found.flat().filter((_, i) => isLeft[i])
}

async function isEmpty(group: string): Promise<boolean> {
  const events = await readFile(join(group, 'cgroup.events'), 'utf8').catch(() => '')
  return /^populated 0$/m.test(events)
}

/**
 * Removes a control group with those in it.
 *
 * @returns whether it is gone; false when somebody has begun to use it
 */
export async function removeControlGroup(group: string): Promise<boolean> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) if (entry.isDirectory()) await removeControlGroup(join(group, entry.name))
  return rmdir(group).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT',
  )
}

/** Removes all that labs which are over have left. */
export async function sweepControlGroups(): Promise<void> {
  for (const group of await leftControlGroups()) await removeControlGroup(group)
}
