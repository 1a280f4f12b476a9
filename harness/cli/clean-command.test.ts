import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const main = join(import.meta.dirname, 'main.ts')

/** An engine that says what it is asked for, but for one path, which it fails. */
async function serve(socket: string, failing: string): Promise<void> {
  const image = { Id: 'sha256:1', RepoTags: ['localhost/netwright/lab:0123'], Size: 1e6 }
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '')
    response.writeHead(path === failing ? 500 : 200, { 'content-type': 'application/json' })
    if (path === failing) response.end('{"message":"the disk of it is gone"}')
    else if (path === '/images/json') response.end(JSON.stringify([image]))
    else response.end(path === '/containers/json' ? '[]' : '{"OperatingSystem":"Debian","OSType":"linux"}')
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(() => void server.close())
}

test.each(['/info', '/containers/json', '/images/json'])(
  'an engine that fails %s is told of; what others keep is listed, and it is no success',
  async (failing) => {
    const runtime = await mkdtemp(join(tmpdir(), 'netwright-clean-'))
    onTestFinished(() => rm(runtime, { recursive: true }))
    await mkdir(join(runtime, 'podman'))
    const [unwell, well] = [join(runtime, 'docker.sock'), join(runtime, 'podman/podman.sock')]
    await serve(unwell, failing)
    await serve(well, 'none')
    const clean = (host: string) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        const env = { ...process.env, DOCKER_HOST: host, XDG_RUNTIME_DIR: runtime, HOME: runtime }
        execFile(process.execPath, [main, 'clean', '--list'], { env }, (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
        )
      })
    const all = await clean('')
    expect(all.stderr).toMatch(new RegExp(`unix://${unwell} [^]*not looked at: [^]*(disk of it is gone|500 to /info)`))
    expect(all.stdout).toMatch(/^image +localhost\/netwright\/lab:0123 /m)
    expect(all.stderr).toMatch(new RegExp(`Looked at .*unix://${well}\\.`))
    expect(all.code).toBe(3)
    const one = await clean(`unix://${unwell}`)
    expect(one.stderr).toMatch(new RegExp(`unix://${unwell}[^]*not looked at|not looked at[^]*unix://${unwell}`))
    // Control groups are the machine's: somebody else's run may have left one just now.
    const words = 'Nothing is left where it has looked, which is not everywhere.'
    expect(one.stdout + one.stderr).toMatch(new RegExp(`^control group|${words}`, 'm'))
    expect(one.stderr).not.toContain('Nothing is left.')
    expect(one.code).toBe(3)
  },
  30_000,
)
