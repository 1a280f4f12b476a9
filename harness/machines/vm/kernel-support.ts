import { readFile } from 'node:fs/promises'
import type { StoredKernel } from './kernel-store.ts'
import { readFromNewc } from './newc.ts'

/**
 * The link types a stored kernel has, by the aliases under which the kernel itself asks for their modules, and by those
 * of what is built in. Whether each of them works is tried by `doctor --on vm:NAME`.
 *
 * Source: MODULE_ALIAS_RTNL_LINK in include/net/rtnetlink.h. tun is made through its device node and has another alias.
 */
export async function linkTypesOf({ modules, release }: StoredKernel): Promise<readonly string[]> {
  const archive = await readFile(modules)
  const folder = `/usr/lib/modules/${release}`
  const tables = ['modules.alias', 'modules.builtin.modinfo'].map(
    (name) => readFromNewc(archive, `${folder}/${name}`)?.toString('latin1') ?? '',
  )
  return readLinkTypes(tables.join('\n'))
}

/** The modules of these names that a stored kernel neither has nor has built in. */
export async function missingModules(
  { modules, release }: StoredKernel,
  names: readonly string[],
): Promise<readonly string[]> {
  const archive = await readFile(modules)
  const folder = `/usr/lib/modules/${release}`
  const tables = ['modules.dep', 'modules.builtin'].map(
    (name) => readFromNewc(archive, `${folder}/${name}`)?.toString('latin1') ?? '',
  )
  return names.filter((name) => !tables.some((table) => new RegExp(`(^|/)${name}\\.ko`, 'm').test(table)))
}

/** The link types in depmod's `alias rtnl-link-veth veth` and in modinfo's `veth.alias=rtnl-link-veth`, sorted. */
export function readLinkTypes(tables: string): readonly string[] {
  const found = new Set([...tables.matchAll(/\brtnl-link-([a-z0-9_]+)/g)].map(([, type = '']) => type))
  if (/\bdevname:net\/tun\b/.test(tables)) found.add('tun')
  return [...found].sort()
}
