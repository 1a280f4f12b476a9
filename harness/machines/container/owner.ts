import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './find-engine.ts'

/** Label of all that is made here; its value says what it is. */
export const madeLabel = 'org.netwright.made'
const ownerLabel = 'org.netwright.owner'
/** Milliseconds for a container that is ending to end. */
const endingMs = 3000

/** Labels of a container of this process: it is this one's as long as the process lives. */
export async function ownLabels(): Promise<Record<string, string>> {
  return { [madeLabel]: 'container', [ownerLabel]: `${await bootId()} ${process.pid} ${await startOf(process.pid)}` }
}

/** A container that was made here. */
export interface MadeContainer {
  readonly id: string
  readonly name: string
  readonly image: string
  /** Whether its maker is still there; one of another machine is taken to be. */
  readonly inUse: boolean
}

/** The containers, running or not, that carry the label. */
export async function madeContainers(engine: Engine): Promise<readonly MadeContainer[]> {
  const found = await engine.listContainers({ all: true, filters: { label: [`${madeLabel}=container`] } })
  return Promise.all(
    found.map(async ({ Id: id, Names: [name = ''], Image: image, Labels: labels }) => ({
      id,
      name: name.replace(/^\//, ''),
      image,
      inUse: await lives(labels[ownerLabel] ?? ''),
    })),
  )
}

/** Removes containers whose makers are gone. Usually the engine has done so when their maker's connection ended. */
export async function sweepContainers(engine: Engine): Promise<void> {
  const left = (await madeContainers(engine)).filter(({ inUse }) => !inUse)
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

async function lives(owner: string): Promise<boolean> {
  const [boot, pid, start] = owner.split(' ')
  // The engine may be another machine's as well, whose processes cannot be seen from here.
  if (boot !== (await bootId())) return true
  return (await startOf(Number(pid))) === start
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** When a process started, in ticks since boot (proc_pid_stat(5), field 22): PIDs are used again. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
