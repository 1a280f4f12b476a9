import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { toolPath } from '../vm/tool.ts'
import type { ChosenProvider } from './provider.ts'
import type { Box } from './box-catalogue.ts'
import { installCommand } from './vagrant-files.ts'

/** What a box needs of this machine, by what it is needed for. */
const needed = {
  always: ['vagrant', 'ssh', 'setpriv', 'flock'],
  built: ['mmdebstrap', 'mke2fs', 'qemu-img', 'ssh-keygen', 'depmod'],
  private: ['libvirtd', 'qemu-system-x86_64', 'qemu-img', 'dnsmasq', 'unshare', 'nsenter', 'ip', 'pkill'],
} as const

/**
 * Checks that the programs are there which a box needs, before anything is built or started.
 *
 * @throws NETWRIGHT_TOOL_MISSING naming all that are not
 */
export async function needPrograms(box: Box, { isPrivate }: ChosenProvider): Promise<void> {
  const wanted = [...needed.always, ...(box.kind === 'built' ? needed.built : []), ...(isPrivate ? needed.private : [])]
  const there = await Promise.all(wanted.map(hasProgram))
  const missing = [...new Set(wanted.filter((_, i) => there[i] !== true))]
  if (missing.length === 0) return
  throw new NetwrightError(
    'NETWRIGHT_TOOL_MISSING',
    `A box needs programs that this machine lacks: ${missing.join(', ')}`,
    {
      place: `machine vagrant:${box.name}`,
      next: installCommand,
    },
  )
}

/** Whether a program is on PATH, or where those for administrators are. */
export async function hasProgram(name: string): Promise<boolean> {
  const found = await Promise.all(
    toolPath()
      .split(':')
      .map((folder) =>
        access(join(folder, name), constants.X_OK).then(
          () => true,
          () => false,
        ),
      ),
  )
  return found.includes(true)
}
