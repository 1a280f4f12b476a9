// Runs a command with a Docker Engine of its own, which ends with the command and leaves nothing.
// Usage: node scripts/engine.ts COMMAND [ARGUMENTS]
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { startEngine } from './engine/engine.ts'

const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  console.error('engine: which command? Usage: node scripts/engine.ts COMMAND [ARGUMENTS]')
  process.exit(2)
}
const engine = await startEngine()
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, DOCKER_HOST: engine.host } })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
process.exitCode = await new Promise<number>((resolve) => {
  child.on('error', (error) => {
    console.error(`engine: ${error.message}`)
    resolve(127)
  })
  child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
})
await engine.stop()
