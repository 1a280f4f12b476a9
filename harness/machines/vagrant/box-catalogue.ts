import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { unknownName } from '../../model/names.ts'
import { NetwrightError } from '../../model/errors.ts'

/** The Vagrant providers that boxes are known for. */
export const providers = ['libvirt', 'virtualbox', 'vmware_desktop'] as const
export type Provider = (typeof providers)[number]

const publicBox = z.strictObject({
  /** Provider → name of the box. */
  providers: z.partialRecord(z.enum(providers), z.string()),
  /** Which of the catalogue's commands installs what labs need. */
  install: z.string(),
  /** Megabytes in which it boots and installs that: apt wants less than dnf. */
  memory: z.int().min(128),
})
const catalogueSchema = z.strictObject({
  boxes: z.record(z.string(), z.union([z.strictObject({ build: z.strictObject({ suite: z.string() }) }), publicBox])),
  install: z.record(z.string(), z.string()),
})

/** A box that is built here from Debian's packages; for libvirt. */
export interface BuiltBox {
  readonly kind: 'built'
  /** As on the command line, after `vagrant:`. */
  readonly name: string
  readonly suite: string
  /** Megabytes that it has unless told. */
  readonly memoryMiB: number
}

/** A box that Vagrant fetches, or that the user has added. */
export interface NamedBox {
  readonly kind: 'named'
  readonly name: string
  /** Vagrant's name of it, by provider. */
  readonly providers: Readonly<Partial<Record<Provider, string>>>
  /** Shell command that installs what labs need; empty for a box of the user's own. */
  readonly install: string
  /** Megabytes that it has unless told. */
  readonly memoryMiB: number
}

export type Box = BuiltBox | NamedBox

/** Megabytes of a box that is built here, which holds no more than labs need; and of one of which nothing is known. */
const [builtMiB, unknownMiB] = [384, 1024]

const catalogueFile = new URL('../../../vagrant/boxes.json', import.meta.url)

/** Every box of vagrant/boxes.json. */
export async function boxCatalogue(): Promise<readonly Box[]> {
  const { boxes, install } = catalogueSchema.parse(JSON.parse(await readFile(catalogueFile, 'utf8')))
  return Object.entries(boxes).map(([name, box]) =>
    'build' in box
      ? { kind: 'built', name, suite: box.build.suite, memoryMiB: builtMiB }
      : {
          kind: 'named',
          name,
          providers: box.providers,
          install: install[box.install] ?? '',
          memoryMiB: box.memory,
        },
  )
}

/**
 * The box of a name: one of the catalogue, or, with a `/`, as Vagrant itself calls it.
 *
 * @throws NETWRIGHT_UNKNOWN_BOX with the nearest name and all that exist
 *
 * @example
 * await findBox('debian12') // built here from packages
 * await findBox('my-team/router') // one that `vagrant box add` has added
 */
export async function findBox(name: string): Promise<Box> {
  if (name.includes('/')) {
    const everywhere = Object.fromEntries(providers.map((one) => [one, name]))
    return { kind: 'named', name, providers: everywhere, install: '', memoryMiB: unknownMiB }
  }
  const catalogue = await boxCatalogue()
  const found = catalogue.find((box) => box.name === name)
  if (found) return found
  const names = catalogue.map((box) => box.name)
  throw unknownName('NETWRIGHT_UNKNOWN_BOX', 'box', name, names, `machine vagrant:${name}`)
}

/** What stands after `vagrant:` on the command line. */
export interface VagrantName {
  readonly box: string
  readonly provider?: Provider
  /** Megabytes that the user asks for. */
  readonly memoryMiB?: number
}

/**
 * Reads what stands after `vagrant:`: a box, and after a `?` parameters separated by `&`.
 *
 * @throws NETWRIGHT_UNKNOWN_MACHINE for a parameter that does not exist or a provider that is not known
 *
 * @example
 * readVagrantName('debian12?memory=512') // { box: 'debian12', memoryMiB: 512 }
 * readVagrantName('alma9?provider=virtualbox')
 */
export function readVagrantName(name: string): VagrantName {
  const [box = '', query = ''] = name.split(/\?(.*)/s)
  const place = `machine vagrant:${name}`
  const wrong = (what: string, next: string): NetwrightError =>
    new NetwrightError('NETWRIGHT_UNKNOWN_MACHINE', what, { place, next })
  let [provider, memoryMiB]: [Provider?, number?] = []
  for (const part of query.split('&').filter((one) => one !== '')) {
    const [key = '', value = ''] = part.split(/=(.*)/s)
    if (key === 'provider') {
      provider = providers.find((one) => one === value)
      if (provider === undefined)
        throw wrong(`there is no provider ${JSON.stringify(value)}`, `There are: ${providers.join(', ')}.`)
    } else if (key === 'memory') {
      memoryMiB = Number(value)
      if (!Number.isInteger(memoryMiB) || memoryMiB < 128 || memoryMiB > 65_536)
        throw wrong(`memory=${value} is no number of megabytes`, 'Say 128 to 65536, such as memory=512.')
    } else {
      throw wrong(`a box has no parameter ${JSON.stringify(key)}`, 'There are: provider=NAME and memory=MEGABYTES.')
    }
  }
  return { box, ...(provider === undefined ? {} : { provider }), ...(memoryMiB === undefined ? {} : { memoryMiB }) }
}

/** Megabytes of each box that is brought up with others: what the most demanding of them was asked to have, or needs. */
export function sessionMemory(asked: readonly VagrantName[], boxes: readonly Box[]): number {
  return Math.max(...boxes.map((box, i) => asked[i]?.memoryMiB ?? box.memoryMiB))
}
