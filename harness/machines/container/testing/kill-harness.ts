import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

const machineUrl = new URL('../container-machine.ts', import.meta.url).href
const script = `
  const { containerMachine } = await import(${JSON.stringify(machineUrl)})
  await import('testcontainers')
  console.log('loaded')
  const machine = await containerMachine()
  await machine.openSandbox()
  console.log('open')
  setInterval(() => undefined, 1000)`

/**
 * Starts a process that opens a sandbox in a container, and kills it with SIGKILL.
 *
 * @param at - milliseconds after it has loaded what it needs, or once the sandbox is open
 * @param before - runs just before it is killed
 * @param through - a command that starts it, and ends it when it is killed itself
 */
export async function killHarness(
  at: number | 'open',
  before = () => Promise.resolve(),
  through: readonly string[] = [],
): Promise<void> {
  const [program, ...argv] = [...through, process.execPath, '--input-type=module', '-e', script]
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const word = at === 'open' ? 'open' : 'loaded'
  await new Promise<void>((resolve) =>
    child.stdout.on('data', (chunk: Buffer) => String(chunk).includes(word) && resolve()),
  )
  try {
    if (at !== 'open') await pause(at)
    await before()
  } finally {
    child.kill('SIGKILL')
    await closed
  }
}
