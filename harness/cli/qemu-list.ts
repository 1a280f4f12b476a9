import { findCardQemu, findQemu } from '../machines/vm/find-qemu.ts'
import { provideQemu, storedQemu } from '../machines/vm/qemu-store.ts'
import type { Qemu } from '../machines/vm/qemu.ts'
import { qemuPackages } from '../machines/vm/catalogue.ts'
import { hanging } from '../report/display-width.ts'
import { problemText } from './problem-text.ts'
import type { Terminal } from './terminal.ts'

/** Its name after `netwright kernels fetch`. */
export const qemuName = 'qemu'

/** Which QEMU is used for what, as `netwright kernels --json` lists it. */
export interface ListedQemu {
  /** Of ordinary guests; absent when this machine has none. */
  readonly guests?: Qemu
  /** Why no guest can be booted, with the next step. */
  readonly noGuests?: string
  /** Of guests with an SR-IOV card; absent when none has one. */
  readonly cards?: Qemu
  /** Why no guest can have a card, with the next step. */
  readonly noCards?: string
  /** The one in the cache, and where it is fetched from. */
  readonly state: 'cached' | 'to fetch'
  readonly version?: string
  readonly suite: string
}

export async function listQemu(): Promise<ListedQemu> {
  const [guests, cards, stored, { suite }] = await Promise.all([
    findQemu().catch((error: unknown) => ({ reason: problemText(error) })),
    findCardQemu().catch((error: unknown) => ({ reason: problemText(error) })),
    storedQemu(),
    qemuPackages(),
  ])
  return {
    ...('reason' in guests ? { noGuests: guests.reason } : { guests }),
    ...('reason' in cards ? { noCards: cards.reason } : { cards: cards.qemu }),
    ...(stored === undefined ? { state: 'to fetch' } : { state: 'cached', version: stored.version }),
    suite,
  }
}

export function qemuLines(found: ListedQemu, { colours, width }: Pick<Terminal, 'colours' | 'width'>): string[] {
  const { guests, noGuests, cards, noCards, state, version = '', suite } = found
  const named = (qemu: Qemu | undefined, none = '') => (qemu ? `${qemu.version}, ${qemu.program}` : none)
  const line = (name: string, text: string) => hanging(`  ${name.padEnd(12)}`, text, width)
  return [
    '',
    colours.bold('QEMU that boots them'),
    ...line('guests', named(guests, noGuests)),
    ...line('SR-IOV card', named(cards, noCards)),
    ...(state === 'cached'
      ? line('cached', `${version}, of Debian ${suite}`)
      : line('to fetch', `of Debian ${suite}, 12 MB: netwright kernels fetch ${qemuName}`)),
  ]
}

/** Fetches the catalogue's QEMU, and says what it has come to. */
export async function fetchQemu(again: boolean, note: (sentence: string) => void): Promise<void> {
  const had = await storedQemu()
  const { version, program } = await provideQemu(note, again)
  const what = had?.version !== version ? 'fetched' : again ? 'still the newest' : 'cached already'
  note(`${qemuName}: ${version}, ${what} (${program})`)
}
