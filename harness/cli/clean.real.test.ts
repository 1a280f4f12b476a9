import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { findEngine, type Engine } from '../machines/container/find-engine.ts'
import { labImage } from '../machines/container/lab-image.ts'
import { startOrSkip } from '../machines/container/testing/start-or-skip.ts'

// Two engines at the usual places of one user.
const [one, other] = await Promise.all([startOrSkip('docker'), startOrSkip('docker')])
if (typeof one === 'string' || typeof other === 'string') {
  test('clean', (context) => {
    context.skip([one, other].filter((tried) => typeof tried === 'string').join('\n'))
  })
} else {
  const runtime = await mkdtemp(join(tmpdir(), 'netwright-runtime-'))
  await mkdir(join(runtime, 'podman'))
  const [first, second] = [join(runtime, 'docker.sock'), join(runtime, 'podman/podman.sock')]
  await symlink(one.host.replace('unix://', ''), first)
  await symlink(other.host.replace('unix://', ''), second)
  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()])
    await rm(runtime, { recursive: true })
  })

  const main = join(import.meta.dirname, 'main.ts')
  const clean = (host: string, ...args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, DOCKER_HOST: host, XDG_RUNTIME_DIR: runtime }
      execFile(process.execPath, [main, 'clean', ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      )
    })
  const bring = async (api: Engine): Promise<string> => (await labImage(api)).name

  test('what is at every engine that answers is listed and removed; what stays is told, and is no success', async () => {
    process.env['DOCKER_HOST'] = one.host
    const api = await findEngine()
    const image = await bring(api)
    // The client of testcontainers is that of one engine.
    const Client = api.constructor as new (options: { socketPath: string }) => Engine
    const farApi = new Client({ socketPath: second })
    await bring(farApi)
    const users = await farApi.createContainer({ Image: image, name: 'nw-users', Cmd: ['true'] })
    onTestFinished(() => users.remove({ force: true }).catch(() => undefined))

    const listed = await clean('', '--list')
    expect(listed.stdout).toMatch(new RegExp(`^image +${image} .* at unix://${first}$`, 'm'))
    expect(listed.stdout).toMatch(new RegExp(`^image +${image} .* at unix://${second}$`, 'm'))
    expect(listed.stderr).toContain(`Looked at unix://${first}, unix://${second}.`)
    expect(listed.code).toBe(0)

    const cleaned = await clean('')
    expect(cleaned.stderr).toContain(`image ${image} is in use by now or cannot be removed, and stays.`)
    expect(cleaned.stderr).toContain('1 of 2 removed')
    expect(cleaned.code).toBe(3)
    await expect(api.getImage(image).inspect()).rejects.toMatchObject({ statusCode: 404 })

    await users.remove()
    // One that is named is the only one.
    expect((await clean(one.host)).stderr).toMatch(/Looked at unix:[^,]*\.\n[^]*Nothing is left\./)
    expect(await clean('')).toMatchObject({ code: 0, stdout: expect.stringContaining(image) as string })
    expect((await clean('')).stderr).toContain('Nothing is left.')
  }, 60_000)
}
