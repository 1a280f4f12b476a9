import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { Engine } from '../../../scripts/engine/engine.ts'
import { startOrSkip } from './testing/start-or-skip.ts'

/** Engines of the tests' own that have too small a disk, and one that asks a judge about every request. */
interface Engines {
  readonly docker?: Engine
  readonly podman?: Engine
  readonly reason: string
}

let denies = false
const folder = await mkdtemp(join(tmpdir(), 'netwright-judge-'))
const judge = await startJudge(join(folder, 'judge.sock'))
const { docker, podman, reason } = await startEngines()

afterAll(async () => {
  await Promise.all([docker?.stop(), podman?.stop()])
  judge.close()
  await rm(folder, { recursive: true })
})

test('no engine: says where it looked', async () => {
  const said = await runOn('unix:///nonexistent/docker.sock')
  expect(said).toEqual({
    code: 3,
    text: expect.stringMatching(
      /No container engine answers \[NETWRIGHT_NO_ENGINE\]\n.*\/nonexistent\/docker.sock: is not there\n  next: Start Docker/,
    ) as string,
  })
})

for (const [name, engine] of Object.entries({ docker, podman })) {
  test(`${name}: a disk that is full before the image is on it`, async (context) => {
    if (engine === undefined) return context.skip(reason)
    const before = usedKib(engine)
    const said = await runOn(engine.host)
    expect(said.text).toMatch(
      /The engine’s disk is full: the image of this machine’s programs \(\d+ MiB\) does not fit on it \[NETWRIGHT_CONTAINER\]\n.*no space left/,
    )
    const data = name === 'docker' ? '/run/engine/data' : '/var/lib/home/data'
    expect(said.text).toContain(`next: \`df -h ${data}\` shows how full, \`${name} system df\` by what`)
    expect(said.code).toBe(3)
    expect(usedKib(engine) - before).toBeLessThan(1024)
  })
}

test('an engine that refuses privileged containers: its words, and what to do; nothing is left there', async (context) => {
  if (docker === undefined) return context.skip(reason)
  inside(docker, 'mount -o remount,size=200m /run/engine/data')
  denies = true
  const before = usedKib(docker)
  const said = await runOn(docker.host)
  denies = false
  expect(said).toEqual({
    code: 3,
    text: expect.stringMatching(
      /The engine refuses privileged containers \[NETWRIGHT_CONTAINER\]\n.*: no privileged containers here, says the judge\n  next: Labs need one: allow it/,
    ) as string,
  })
  expect(usedKib(docker) - before).toBeLessThan(1024)
})

test('a disk that has filled since: names it; once there is room, the suite runs', async (context) => {
  if (docker === undefined) return context.skip(reason)
  expect(await runOn(docker.host)).toMatchObject({ code: 0 })
  inside(docker, 'dd if=/dev/zero of=/run/engine/data/full bs=64k 2>/dev/null || true')
  const said = await runOn(docker.host)
  expect(said.text).toMatch(
    /The engine’s disk is full: it has no room for a container \[NETWRIGHT_CONTAINER\]\n.*no space left[^]*next: `df -h \/run\/engine\/data`/,
  )
  expect(said.code).toBe(3)
  inside(docker, 'rm /run/engine/data/full')
  expect(await runOn(docker.host)).toMatchObject({ code: 0 })
})

/** What a user sees who asks an engine for labs. */
function runOn(host: string): Promise<{ code: number; text: string }> {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
  const argv = [main, 'run', '--on', 'container', 'macvlan-in-action/devices']
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { env: { ...process.env, DOCKER_HOST: host } }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), text: stderr + stdout })
    })
  })
}

async function startEngines(): Promise<Engines> {
  const limits = { diskMebibytes: 40 }
  const [one, other] = await Promise.all([
    startOrSkip('docker', { ...limits, authorization: join(folder, 'judge.sock') }),
    startOrSkip('podman', limits),
  ])
  return {
    ...(typeof one === 'string' ? {} : { docker: one }),
    ...(typeof other === 'string' ? {} : { podman: other }),
    reason: [one, other].filter((tried) => typeof tried === 'string').join('\n'),
  }
}

/**
 * An authorization plugin that denies privileged containers when told to.
 *
 * Source: Docker Engine, "Access authorization plugin"
 */
async function startJudge(path: string): Promise<Server> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { RequestBody: body = '' } = JSON.parse(text === '' ? '{}' : text) as { RequestBody?: string }
      const isPrivileged = Buffer.from(body, 'base64').toString().includes('"Privileged":true')
      const verdict =
        denies && isPrivileged
          ? { Allow: false, Msg: 'no privileged containers here, says the judge' }
          : request.url === '/Plugin.Activate'
            ? { Implements: ['authz'] }
            : { Allow: true }
      response.end(JSON.stringify(verdict))
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

/** Runs a script where the engine sees its disk. */
function inside({ keeper }: Engine, script: string): string {
  const outer = execFileSync('pgrep', ['-P', String(keeper), 'unshare'])
    .toString()
    .trim()
  const first = execFileSync('pgrep', ['-P', outer]).toString().trim()
  return execFileSync('nsenter', ['-t', first, '-m', '-p', 'sh', '-c', script]).toString()
}

/** KiB in use on the engine's disk: the tmpfs that was mounted last. */
function usedKib(engine: Engine): number {
  const disk = `$(awk '$1 == "netwright-engine" { last = $2 } END { print last }' /proc/mounts)`
  const used = Number(inside(engine, `df -k --output=used "${disk}" | tail -1`))
  expect(used).toBeGreaterThan(0)
  return used
}
