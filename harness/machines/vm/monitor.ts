import type { Duplex } from 'node:stream'
import { z } from 'zod'

const messageSchema = z.looseObject({
  id: z.number().optional(),
  return: z.unknown().optional(),
  error: z.looseObject({ desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.looseObject({ status: z.string().optional() }).optional(),
})

/**
 * QEMU's control protocol, as far as templates need it.
 *
 * Source: docs/interop/qmp-spec.rst and migration.json of QEMU's QAPI schema.
 */
export interface Monitor {
  /** Runs a command. Rejects with what QEMU says when it fails. */
  readonly execute: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
  /** Waits until a migration, in or out, that a command begins has ended. Rejects when it failed. */
  readonly migrate: (command: string, uri: string) => Promise<void>
}

/** Speaks to QEMU over its monitor's stream. */
export async function openMonitor(stream: Duplex): Promise<Monitor> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const migrations: ((status: string) => void)[] = []
  let next = 1
  let pending = ''
  stream.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('QEMU is gone'))
    for (const tell of migrations) tell('failed: QEMU is gone')
  })
  stream.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString()).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() === '') continue
      const message = messageSchema.parse(JSON.parse(line))
      if (message.event === 'MIGRATION') for (const tell of migrations) tell(message.data?.status ?? '')
      if (message.id === undefined) continue
      const waiter = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error) waiter?.reject(new Error(`QEMU: ${message.error.desc}`))
      else waiter?.resolve(message.return)
    }
  })
  const execute: Monitor['execute'] = (command, args) =>
    new Promise((resolve, reject) => {
      const id = next++
      waiting.set(id, { resolve, reject })
      stream.write(`${JSON.stringify({ execute: command, id, ...(args && { arguments: args }) })}\n`)
    })
  await execute('qmp_capabilities')
  const capabilities = ['events', 'x-ignore-shared'].map((capability) => ({ capability, state: true }))
  await execute('migrate-set-capabilities', { capabilities })
  return {
    execute,
    migrate: async (command, uri) => {
      const ended = new Promise<void>((resolve, reject) => {
        migrations.push((status) => {
          if (status === 'completed') resolve()
          else if (status.startsWith('failed') || status === 'cancelled') reject(new Error(`migration ${status}`))
        })
      })
      ended.catch(() => undefined) // the command itself may fail first
      await execute(command, { uri })
      await ended
    },
  }
}
