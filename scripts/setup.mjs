/**
 * Sets a clone up. Runs on the oldest Node we meet (20) and before there is a node_modules, so it is plain JavaScript
 * with Node's own modules only. It looks at what is there instead of remembering what it did: a second run is some
 * milliseconds and cannot be fooled by a stamp.
 */
import { execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { cachePath } from '../bin/cache-path.js'
import { debianPackages } from './debian-packages.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node24Folder = join(root, 'scripts', 'node24')

/** Something set-up cannot go on without. The message says what to do next. */
export class SetupError extends Error {}

const say = (/** @type {string} */ text) => process.stderr.write(`setup: ${text}\n`)

/** @param {string} what @param {() => Promise<unknown>} work */
const timed = async (what, work) => {
  say(`${what} …`)
  const start = performance.now()
  await work()
  say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

const setpriv = '/usr/bin/setpriv'

/**
 * Prefix of a command to which the kernel sends a signal when this process ends, however that happens.
 *
 * @param {'TERM' | 'KILL'} signal
 */
export const endWithParent = (signal) =>
  process.platform === 'linux' && existsSync(setpriv) ? [setpriv, '--pdeathsig', signal] : []

/** npm says what is wrong first and apt-get last. */
const shorten = (/** @type {string} */ text) =>
  text.length <= 6000 ? text : `${text.slice(0, 3000)}\n…\n${text.slice(-3000)}`

/**
 * Runs a command quietly; what it printed is shown only when it fails.
 *
 * @param {string[]} command @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options] @returns {Promise<void>}
 */
const run = ([program = '', ...args], options) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else
        reject(new Error(`\`${[program, ...args].join(' ')}\` ended with ${signal ?? code}\n${shorten(output.trim())}`))
    })
  })

// --- Node ------------------------------------------------------------------------------------------------------------

/**
 * The Node that runs the source: the running one where it strips types without a flag, else the one set-up brought.
 *
 * @returns {string | undefined}
 */
export const findNode = () => {
  if (process.features.typescript) return process.execPath
  const brought = join(node24Folder, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  return existsSync(brought) ? brought : undefined
}

/** The environment for the project's tools: the right `node` and the tools come first on PATH, compiled code is kept. */
export const toolEnvironment = (/** @type {string} */ node) => ({
  NODE_COMPILE_CACHE: cachePath('node'),
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env['PATH']].filter(Boolean).join(delimiter),
})

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */

/** @param {string} folder */
const readLock = (folder, name = 'package-lock.json') => {
  try {
    const lock = /** @type {{ packages: Record<string, LockedPackage> }} */ (
      JSON.parse(readFileSync(join(folder, name), 'utf8'))
    )
    return lock.packages
  } catch {
    return undefined
  }
}

/**
 * Whether node_modules holds what the lock says. npm writes its own record there when it has finished, so an
 * interrupted installation has none.
 *
 * @param {string} folder
 */
const isInstalled = (folder) => {
  const wanted = readLock(folder)
  const present = readLock(join(folder, 'node_modules'), '.package-lock.json')
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = present[path]
    if (path === '') return true
    // npm leaves out optional packages that are for another platform.
    return found ? found.version === version && found.integrity === integrity : optional
  })
}

/** @param {string} folder @param {string | undefined} node */
const npmCi = (folder, node) => {
  // Under `npm run` the environment describes the outer run; keep npm's settings, not its state.
  const env = Object.fromEntries(
    Object.entries(node ? toolEnvironment(node) : process.env).filter(
      ([name]) => !/^npm_(lifecycle|package|command|config_local_prefix|config_global)/.test(name),
    ),
  )
  const npm = process.env['npm_execpath']?.endsWith('npm-cli.js')
    ? [node ?? process.execPath, process.env['npm_execpath']]
    : ['npm']
  // On TERM npm first undoes what it did, in the way of a set-up that follows.
  return run(
    [...endWithParent('KILL'), ...npm, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'],
    {
      cwd: folder,
      env,
    },
  )
}

const hasNode = () => Boolean(process.features.typescript || (isInstalled(node24Folder) && findNode()))

const bringNode24 = async () => {
  if (hasNode()) return
  const need = `Node ${process.versions.node} cannot run this project's TypeScript (22.18 or later can)`
  const next = 'Install Node 24 and try again.'
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) throw new SetupError(`${need}. ${next}`)
  say(`${need}: bringing Node 24 through npm`)
  try {
    await timed('Node 24', () => npmCi(node24Folder, undefined))
  } catch (error) {
    throw new SetupError(`Node 24 could not be installed through npm. ${next}\n${messageOf(error)}`)
  }
  const node = findNode()
  if (!node) throw new SetupError(`npm brought no Node 24. Is the package registry reachable? Or: ${next}`)
  try {
    execFileSync(node, ['--version'])
  } catch (error) {
    throw new SetupError(`the Node 24 from npm does not run here. ${next}\n${messageOf(error)}`)
  }
}

const installDependencies = async () => {
  if (isInstalled(root)) return
  try {
    await timed('npm ci', () => npmCi(root, findNode()))
  } catch (error) {
    throw new SetupError(`npm ci failed. Is the package registry reachable?\n${messageOf(error)}`)
  }
}

// --- Debian packages -------------------------------------------------------------------------------------------------

// The programs for administrators are often not on an ordinary user's PATH.
const programFolders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']

/** @param {string} program one on the PATH of an administrator, or the path of a file */
export const isPresent = (program) =>
  program.startsWith('/')
    ? existsSync(program)
    : programFolders.some((folder) => {
        try {
          accessSync(join(folder, program), constants.X_OK)
          return true
        } catch {
          return false
        }
      })

/** On somebody's own machine a package may start a service at once; a CI machine is thrown away. */
const wouldStartServices = () => existsSync('/run/systemd/system') && !process.env['CI']

/** @param {boolean} forTests whether the project's own tests are to run */
const installDebianPackages = async (forTests) => {
  const absent = debianPackages
    .filter(({ only = process.arch }) => only === process.arch)
    // Some of them bring programs that run as root for whoever calls them: not for those who only use the project.
    .filter(({ tests }) => !tests || forTests || Boolean(process.env['CI']))
    .filter(({ programs }) => !programs.every(isPresent))
  const missing = absent.filter(({ service }) => !service || !wouldStartServices())
  const left = absent.filter((wanted) => !missing.includes(wanted)).map(({ name }) => name)
  if (left.length > 0 && missing.length > 0)
    say(`left to you, since they start services: apt-get install ${left.join(' ')}. Their scenarios are skipped.`)
  if (missing.length === 0) return
  for (const { name, programs, why } of missing) {
    say(`missing: ${programs.filter((program) => !isPresent(program)).join(', ')} (${name}: ${why})`)
  }
  const names = missing.map(({ name }) => name)
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`
  if (!isPresent('apt-get')) {
    say(`this is not Debian or Ubuntu: install what is missing with the system's package manager. Going on without.`)
  } else if (process.getuid?.() !== 0) {
    say(`installing needs root. Going on without; to install: sudo ${command}`)
  } else {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2']
    const install = (/** @type {readonly string[]} */ wanted) =>
      run([...apt, 'install', '-y', '--no-install-recommends', ...wanted], { env })
    try {
      await timed(`Debian packages ${names.join(' ')}`, async () => {
        await run([...apt, 'update'], { env })
        try {
          await install(names)
        } catch (error) {
          // One that is not to be had here must not take the others with it.
          for (const name of names) await install([name]).catch(() => undefined)
          if (!missing.every(({ programs }) => programs.every(isPresent))) throw error
        }
      })
    } catch (error) {
      say(`not all packages could be installed. Going on without; to try again: ${command}\n${messageOf(error)}`)
    }
  }
}

// --- Together --------------------------------------------------------------------------------------------------------

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error))

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Whether a process is there and a set-up: its number may have been given to another since, or nobody has reaped it.
 *
 * @param {number} pid
 */
const isSettingUp = (pid) => {
  try {
    if (process.platform === 'linux') return /(run|setup)\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Two runs side by side must not install into one folder at once: the second waits, and then finds all in place.
 *
 * @param {() => Promise<void>} work
 */
const alone = async (work) => {
  const lock = join(root, '.netwright', 'setup.pid')
  mkdirSync(dirname(lock), { recursive: true })
  for (let told = false; ; await sleep(200)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0)
      // An empty file is one whose owner is about to write its number.
      if (holder > 0 && !isSettingUp(holder)) rmSync(lock, { force: true })
      else if (!told) say(`waiting for the set-up of process ${holder} …`)
      told = true
    }
  }
  try {
    await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/**
 * Brings everything a clone needs.
 *
 * @param {{ forTests?: boolean }} [options] `forTests`: also what only the project's own tests want; a CI machine gets it anyway
 * @returns {Promise<string>} the Node that runs the project
 * @throws {SetupError} when there is no Node or no dependencies to go on with
 */
export const setup = async ({ forTests = false } = {}) => {
  if (!hasNode() || !isInstalled(root)) {
    await alone(async () => {
      await bringNode24()
      await installDependencies()
    })
  }
  await installDebianPackages(forTests)
  const node = findNode()
  if (!node) throw new SetupError('there is no Node to run the project with. Install Node 24 and try again.')
  return node
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const start = performance.now()
    const node = await setup()
    say(`ready: ${node} (${((performance.now() - start) / 1000).toFixed(2)} s)`)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = 1
  }
}
