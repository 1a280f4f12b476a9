import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { findEngine } from './find-engine.ts'

const run = promisify(execFile)

afterEach(() => vi.unstubAllEnvs())

/** What is told of an engine at an address. */
async function told(host: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  for (const [name, value] of Object.entries({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: '', ...env })) {
    vi.stubEnv(name, value)
  }
  return findEngine().then(
    () => expect.fail('there is an engine'),
    (error: unknown) => String(error),
  )
}

/** An HTTP server at a socket or a port of its own. */
async function serve(listener: RequestListener, socket?: string): Promise<AddressInfo | string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(socket ?? { port: 0, host: '127.0.0.1' }, resolve))
  onTestFinished(() => void server.close())
  return server.address() ?? ''
}
const portOf = (address: AddressInfo | string) => String((address as AddressInfo).port)

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'netwright-engine-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('an address at which nobody listens is named, with what the kernel said', async () => {
  expect(await told('tcp://127.0.0.1:9')).toMatchInlineSnapshot(`
    "NetwrightError: No container engine answers [NETWRIGHT_NO_ENGINE]
      stderr: DOCKER_HOST=tcp://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9
      next: See that an engine listens there (\`curl http://127.0.0.1:9/_ping\`), or leave DOCKER_HOST out: the usual sockets are tried then."
  `)
  // Both addresses of a name.
  expect(await told('tcp://localhost:9')).toContain('DOCKER_HOST=tcp://localhost:9: connect ECONNREFUSED')
  expect(await told('unix:///nonexistent/docker.sock')).toMatchInlineSnapshot(`
    "NetwrightError: No container engine answers [NETWRIGHT_NO_ENGINE]
      stderr: DOCKER_HOST=unix:///nonexistent/docker.sock: is not there
      next: Start Docker (\`sudo systemctl start docker\`) or Podman’s service (\`systemctl --user start podman.socket\`), or set DOCKER_HOST."
  `)
})

test('what is no address of an engine is told, with how it is written', async () => {
  expect(await told('ssh://me@router')).toMatchInlineSnapshot(`
    "NetwrightError: No container engine answers [NETWRIGHT_NO_ENGINE]
      stderr: DOCKER_HOST=ssh://me@router: engines are not spoken to by ssh here
      next: Bring its socket here, \`ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ssh://me@router\`, and set DOCKER_HOST=unix:///tmp/docker.sock."
  `)
  expect(await told('/var/run/docker.sock')).toContain('next: Write DOCKER_HOST=unix:///var/run/docker.sock')
  expect(await told('127.0.0.1:2375')).toContain('next: Write DOCKER_HOST=tcp://127.0.0.1:2375')
  expect(await told('rubbish')).toContain('DOCKER_HOST=rubbish: is no address of an engine')
  expect(await told('npipe:////./pipe/docker_engine')).toContain('is no address of an engine')
  expect(await told('unix:')).toContain('is no address of an engine')
})

test('whoever answers but is no engine is not taken for one, nor is another engine taken instead', async () => {
  const web = await serve((_, response) => response.writeHead(404).end('<html>'))
  expect(await told(`tcp://127.0.0.1:${portOf(web)}`)).toContain(`${portOf(web)}: answers 404 to /_ping`)
  const half = await serve((request, response) => response.writeHead(request.url === '/_ping' ? 200 : 500).end('no'))
  expect(await told(`tcp://127.0.0.1:${portOf(half)}`)).toContain(`${portOf(half)}: answers 500 to /info`)
})

test('certificates that are not there are named', async () => {
  const text = await told('tcp://127.0.0.1:2376', { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nonexistent' })
  expect(text).toContain(
    "DOCKER_HOST=tcp://127.0.0.1:2376: ENOENT: no such file or directory, open '/nonexistent/ca.pem'",
  )
  expect(text).toContain('next: DOCKER_TLS_VERIFY wants ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH')
})

const script = `
  const { findEngine } = await import(${JSON.stringify(new URL('find-engine.ts', import.meta.url).href)})
  await findEngine().catch((error) => console.log(String(error)))`

/** What an ordinary user is told, who is in no group. */
async function toldToUser(env: Readonly<Record<string, string>>): Promise<string> {
  const asUser = ['setpriv', '--reuid', '4242', '--regid', '4242', '--clear-groups']
  const [program = '', ...argv] = [
    ...(process.getuid?.() === 0 ? asUser : []),
    ...[process.execPath, '--input-type=module', '-e', script],
  ]
  const clean = { ...process.env, DOCKER_HOST: '', NODE_COMPILE_CACHE: '', HOME: '/nonexistent', ...env }
  return (await run(program, argv, { env: clean })).stdout
}

test('tc.host, which testcontainers heeds before DOCKER_HOST, is named with its file', async () => {
  const folder = await scratch()
  await chmod(folder, 0o755)
  const info = JSON.stringify({ OperatingSystem: 'Debian', OSType: 'linux', ServerVersion: '1' })
  const [other, named] = await Promise.all(
    [1, 2].map(() => serve((_, response) => response.setHeader('content-type', 'application/json').end(info))),
  )
  const file = join(folder, '.testcontainers.properties')
  await writeFile(file, `tc.host=tcp://127.0.0.1:${portOf(other ?? '')}\n`)
  const socket = join(folder, 'docker.sock')
  await serve((_, response) => response.setHeader('content-type', 'application/json').end(info), socket)
  await chmod(socket, 0o666)
  for (const host of [`unix://${socket}`, `tcp://127.0.0.1:${portOf(named ?? '')}`]) {
    const text = await toldToUser({ DOCKER_HOST: host, HOME: folder })
    expect(text).toContain(`DOCKER_HOST=${host}: tc.host of ${file} overrides it`)
    expect(text).toContain(`next: Remove the line tc.host from ${file}`)
    // Without it, there is an engine, and nothing to tell.
    expect(await toldToUser({ DOCKER_HOST: host })).toBe('')
  }
}, 30_000)

test('a socket that the user may not open: whose it is, and what gives access', async () => {
  const folder = await scratch()
  await chmod(folder, 0o755)
  for (const name of ['docker.sock', 'podman.sock']) {
    await serve((_, response) => response.end('OK'), join(folder, name))
    await chmod(join(folder, name), 0o000)
  }
  const docker = await toldToUser({ DOCKER_HOST: `unix://${folder}/docker.sock` })
  expect(docker.replaceAll(folder, '/run')).toMatchInlineSnapshot(`
    "NetwrightError: No container engine answers [NETWRIGHT_NO_ENGINE]
      stderr: DOCKER_HOST=unix:///run/docker.sock: permission denied
      next: The socket is its group’s: \`sudo usermod -aG docker "$USER"\` and log in again (who may use it is as good as root), or start an engine of your own (\`systemctl --user start podman.socket\`), or run this with sudo.
    "
  `)
  const podman = await toldToUser({ DOCKER_HOST: `unix://${folder}/podman.sock` })
  expect(podman).toContain('podman.sock: permission denied')
  expect(podman).toContain('next: Start the Podman of your own (`systemctl --user start podman.socket`)')
  await chmod(folder, 0o700)
  if (process.getuid?.() === 0)
    expect(await toldToUser({ DOCKER_HOST: `unix://${folder}/docker.sock` })).toContain(
      'docker.sock: permission denied',
    )
})

test('the usual places are told one by one; one that is forbidden decides what to do', async (context) => {
  if (process.getuid?.() !== 0) context.skip('an engine of this user’s may answer')
  const folder = await scratch()
  await chmod(folder, 0o755)
  await serve((_, response) => response.end('OK'), join(folder, 'docker.sock'))
  await chmod(join(folder, 'docker.sock'), 0o600)
  const text = await toldToUser({ XDG_RUNTIME_DIR: folder })
  expect(text).toContain(`${folder}/docker.sock: permission denied`)
  expect(text).toContain(`${folder}/podman/podman.sock: is not there`)
  expect(text).toContain('sudo usermod -aG docker')
})
