import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheFolder } from '../../harness/machines/vm/cache-folder.ts'
import { absenceOf } from '../../harness/machines/testing/absence.ts'
import { provideEnginePrograms } from './engine-programs.ts'
import { startEngine } from './engine.ts'

/** Why no engine can be started here. The first run fetches it. */
async function obstacle(): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'an engine of the project’s own needs root'
  return provideEnginePrograms().then(() => undefined, absenceOf)
}

const reason = await obstacle()
const engineTest = (what: string, run: () => Promise<void>): void => {
  test(what, async (context) => {
    if (reason !== undefined) context.skip(reason)
    await run()
  })
}

function get(host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: host.replace('unix://', ''), path }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
    call.on('error', reject)
    call.end()
  })
}

const shell = (script: string): string => execFileSync('sh', ['-c', script]).toString()

/** What this machine has that an engine may leave: links, mounts, routes, rules, sysctls, processes. */
const state = (): string =>
  shell(`ip -o link | cut -d: -f2; ip route; cat /proc/self/mounts /proc/sys/net/ipv4/ip_forward
    find /sys/fs/cgroup -name 'netwright-engine*'; nft list ruleset 2>/dev/null || true`)
const folders = async (): Promise<readonly string[]> => readdirSync(await cacheFolder('engine', 'runs'))
const processes = (run: string): string => shell(`pgrep -fa '[/]${run}' || true`)

engineTest('starts, answers, and leaves nothing when it is stopped', async () => {
  const before = state()
  const engine = await startEngine()
  const run = engine.host.split('/').at(-2) ?? ''
  expect(JSON.parse(await get(engine.host, '/version'))).toMatchObject({ Os: 'linux' })
  expect(processes(run)).toContain('dockerd')
  expect(await folders()).toContain(run)
  await engine.stop()
  expect(processes(run)).toBe('')
  expect(state()).toBe(before)
  expect(await folders()).not.toContain(run)
})

/** An engine whose maker is another process. */
async function madeElsewhere(): Promise<{ run: string; maker: number; keeper: number; host: string }> {
  const script = `
    const { startEngine } = await import(${JSON.stringify(new URL('engine.ts', import.meta.url).href)})
    const { host, keeper } = await startEngine()
    console.log(JSON.stringify({ host, keeper }))
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
  )
  const { host, keeper } = JSON.parse(line) as { host: string; keeper: number }
  return { run: host.split('/').at(-2) ?? '', maker: child.pid ?? 0, keeper, host }
}

engineTest('leaves nothing when its maker is killed', async () => {
  const before = state()
  const { run, maker } = await madeElsewhere()
  process.kill(maker, 'SIGKILL')
  await expect.poll(() => processes(run), { timeout: 5000 }).toBe('')
  await expect.poll(folders, { timeout: 5000 }).not.toContain(run)
  expect(state()).toBe(before)
})

engineTest('ends when its keeper is killed, and the next start removes what is left', async () => {
  const { run, maker, keeper, host } = await madeElsewhere()
  process.kill(keeper, 'SIGKILL')
  process.kill(maker, 'SIGKILL')
  await expect.poll(() => processes(run), { timeout: 5000 }).toBe('')
  await expect(get(host, '/_ping')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|ENOENT/)
  // Here, or where another test's engine starts beside it, whichever comes first.
  const next = await startEngine()
  await next.stop()
  expect(existsSync(join(await cacheFolder('engine', 'runs'), run))).toBe(false)
  expect(shell(`find /sys/fs/cgroup -name 'netwright-engine-${run}*'`)).toBe('')
})
