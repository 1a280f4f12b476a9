#!/usr/bin/env node
// Starts the command line: from the source in a clone, from dist/ in an installed package. A Node that is too old for
// the rest has to understand this file, to say so.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cachePath } from './cache-path.js'

const path = (/** @type {string} */ relative) => fileURLToPath(new URL(relative, import.meta.url))

const source = path('../harness/cli/main.ts')
const isClone = !path('.').includes('/node_modules/') && existsSync(source)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isNewEnough = isClone ? Boolean(process.features.typescript) : major > 22 || (major === 22 && minor >= 12)
const brought = path(`../scripts/node24/node_modules/node-linux-${process.arch}/bin/node`)

if (isNewEnough) {
  // Compiled code is kept with the rest of the cache; workers are told by the environment.
  process.env['NODE_COMPILE_CACHE'] ??= cachePath('node')
  module.enableCompileCache()
  await import(isClone ? '../harness/cli/main.ts' : '../dist/cli/main.js')
} else if (isClone && existsSync(brought)) {
  // If this process is killed, the kernel ends the other.
  const setpriv = ['/usr/bin/setpriv', '--pdeathsig', 'TERM'].filter(() => existsSync('/usr/bin/setpriv'))
  const [program = brought, ...args] = [...setpriv, brought, source, ...process.argv.slice(2)]
  const child = spawn(program, args, { stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGTERM']
  })
} else {
  const next = isClone ? 'run `npm start` once, it brings one' : 'install Node 22.12 or later'
  console.error(`netwright: Node ${process.versions.node} is too old (NETWRIGHT_NODE_TOO_OLD): ${next}.`)
  process.exitCode = 2
}
