import { readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './find-engine.ts'

/** Label of all that is made here; its value says what it is. */
export const madeLabel = 'org.netwright.made'
const ownerLabel = 'org.netwright.owner'
/** Milliseconds for a container that is ending to end. */
const endingMs = 3000

/**
 * Milliseconds after which a container that does not run is left, when its maker cannot be looked for. Between its making
 * and its start are 0.1 s; the rest is for clocks of engines on other machines.
 */
const unseenMs = 10 * 60_000

/** Labels of a container of this process: it is this one's as long as the process lives. */
export async function ownLabels(): Promise<Record<string, string>> {
  // As /proc counts, which may be that of an outer PID namespace.
  const pid = await readlink('/proc/self')
  return { [madeLabel]: 'container', [ownerLabel]: `${await placeOfProcesses()} ${pid} ${await startOf(pid)}` }
}

/** A container that was made here. */
export interface MadeContainer {
  readonly id: string
  readonly name: string
  readonly image: string
  /**
   * Whether its maker is still there. A maker of another machine, of before a reboot or in another PID namespace (a job of
   * CI in a container of its own) cannot be looked for: it is taken to be there while the container runs, which ends with
   * its maker's stream, and for some minutes after the container was made.
   */
  readonly inUse: boolean
}

/**
 * The containers, running or not, that carry the label.
 *
 * @param now - milliseconds since 1970, with which their age is reckoned
 */
export async function madeContainers(engine: Engine, now = Date.now()): Promise<readonly MadeContainer[]> {
  const place = await placeOfProcesses()
  const found = await engine.listContainers({ all: true, filters: { label: [`${madeLabel}=container`] } })
  return Promise.all(
    found.map(async ({ Id: id, Names: [name = ''], Image: image, Labels: labels, State: state, Created: created }) => {
      const [, maker, pid = '', start] = /^(.*) (\d+) (\d+)$/.exec(labels[ownerLabel] ?? '') ?? []
      const inUse = maker === place ? (await startOf(pid)) === start : !isOver(state) || now - created * 1000 < unseenMs
      return { id, name: name.replace(/^\//, ''), image, inUse }
    }),
  )
}

/** Removes containers whose makers are gone. Usually the engine has done so when their maker's connection ended. */
export async function sweepContainers(engine: Engine, now = Date.now()): Promise<void> {
  const left = (await madeContainers(engine, now)).filter(({ inUse }) => !inUse)
  await Promise.all(left.map(({ id }) => removeContainer(engine, id)))
}

/**
 * Removes a container, or finds that somebody else does. An engine may refuse while the container is ending by itself:
 * Podman says 500 then.
 *
 * @throws the engine's refusal when the container is still there after a few seconds
 */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  const until = performance.now() + endingMs
  for (;;) {
    const refusal = await engine
      .getContainer(id)
      .remove({ force: true, v: true })
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      )
    const status = (refusal as ({ statusCode?: number } & Error) | undefined)?.statusCode
    if (refusal === undefined || status === 404 || status === 409) return
    if (status !== 500 || performance.now() > until) throw refusal
    await sleep(20)
  }
}

/** Not running, nor about to end: `created` of both engines, `initialized` and `stopped` of Podman, `dead` of Docker. */
const isOver = (state: string): boolean => ['created', 'initialized', 'exited', 'stopped', 'dead'].includes(state)

/** Where the number of a process means this process: until the machine starts again, in one PID namespace. */
async function placeOfProcesses(): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return `${boot} ${await readlink('/proc/self/ns/pid')}`
}

/** When a process started, in ticks since boot (proc_pid_stat(5), field 22): PIDs are used again. */
async function startOf(pid: string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
