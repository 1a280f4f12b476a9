import type { Machine } from '../machines/machine.ts'
import { machineFor } from './machine-for.ts'
import { runSettings } from './settings.ts'

let shared: Promise<Machine> | undefined

/** The machine on which this process runs scenarios: started for the first of them, and theirs together. */
export function machineOfRun(): Promise<Machine> {
  return (shared ??= machineFor(runSettings().on))
}

/** Puts the machine back to how it was when it had just started; a file's scenarios begin there. */
export async function renewMachine(): Promise<void> {
  await (await machineOfRun()).renew?.()
}
