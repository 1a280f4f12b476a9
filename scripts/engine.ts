// Runs a command with an engine of its own, which ends with the command and leaves nothing: Docker Engine, or the Podman
// that the machine has; root's, or an ordinary user's.
// Usage: node scripts/engine.ts [--docker-user | --podman | --podman-user] COMMAND [ARGUMENTS]
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { startEngine, type EngineKind } from './engine/engine.ts'

const kinds: readonly EngineKind[] = ['docker-user', 'podman', 'podman-user']
const kind = kinds.find((one) => process.argv[2] === `--${one}`)
const [command, ...args] = process.argv.slice(kind === undefined ? 2 : 3)
if (command === undefined) {
  const options = kinds.map((one) => `--${one}`).join(' | ')
  console.error(`engine: which command? Usage: node scripts/engine.ts [${options}] COMMAND [ARGUMENTS]`)
  process.exit(2)
}
const engine = await startEngine(kind)
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
