import type { Hosts } from 'netwright'

/** How a kernel carries an option: compiled in, as a module, or not at all. */
export type Carried = 'built in' | 'as a module' | 'not at all'

/**
 * Asks the kernel's own configuration, and where that is not at hand the list of what its modules package says is built in.
 * On purpose not what `lsmod` or a created device say: those are what is tested by it.
 *
 * @throws when neither can be read: a finding that rests on it is inconclusive then
 */
export async function kernelOption(
  { $ }: Hosts<'node1'>['node1'],
  option: string,
  module: string,
): Promise<{ carried: Carried; line: string }> {
  const ask = $({ nothrow: true })
  const config =
    await ask`{ zcat /proc/config.gz || cat "/boot/config-$(uname -r)"; } 2>/dev/null | grep -E ${`^(# )?${option}( is not set|=)`}`
  const line = config.stdout.trim()
  if (line.endsWith('=y')) return { carried: 'built in', line }
  if (line.endsWith('=m')) return { carried: 'as a module', line }
  if (line !== '') return { carried: 'not at all', line }
  const builtin = await ask`grep -F ${`/${module}.ko`} "/lib/modules/$(uname -r)/modules.builtin"`
  if (builtin.exitCode === 0) return { carried: 'built in', line: builtin.stdout.trim() }
  const file = await ask`find "/lib/modules/$(uname -r)" -name ${`${module}.ko*`}`
  if (file.stdout.trim() !== '') return { carried: 'as a module', line: file.stdout.trim() }
  throw new Error(
    `nothing says how this kernel carries ${option}: no configuration, and no ${module} below /lib/modules`,
  )
}
