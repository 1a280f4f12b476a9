import { NetwrightError } from '../../model/errors.ts'
import type { Refusal } from './engine-address.ts'

/** A place where an engine was looked for, as a user would write it, and what came of it. */
export interface Tried {
  readonly place: string
  readonly refusal: Refusal
}

const start =
  'Start Docker (`sudo systemctl start docker`) or Podman’s service (`systemctl --user start podman.socket`), or set DOCKER_HOST.'
const ownPodman = 'Start the Podman of your own (`systemctl --user start podman.socket`), or run this with sudo.'
const groupOfDocker =
  'The socket is its group’s: `sudo usermod -aG docker "$USER"` and log in again (who may use it is as good as root), ' +
  'or start an engine of your own (`systemctl --user start podman.socket`), or run this with sudo.'

/** No engine answers at the usual places. */
export function noEngine(tried: readonly Tried[]): NetwrightError {
  const denied = tried.filter(({ refusal }) => refusal.kind === 'denied')
  // Podman's folder is closed to users whether or not there is a socket in it.
  const isDocker = denied.some(({ place }) => !place.includes('podman'))
  return told(tried, isDocker ? groupOfDocker : start)
}

/** No engine answers at the address that DOCKER_HOST names. */
export function noEngineAt(host: string, refusal: Refusal): NetwrightError {
  return told([{ place: `DOCKER_HOST=${host}`, refusal }], remedy(host, refusal))
}

/** Settings of testcontainers name another engine, which it takes. */
export function overridden(host: string, file: string): NetwrightError {
  const text = `tc.host of ${file} overrides it`
  const next = `Remove the line tc.host from ${file}: testcontainers, which finds the engine, heeds it before DOCKER_HOST.`
  return told([{ place: `DOCKER_HOST=${host}`, refusal: { kind: 'strange', text } }], next)
}

/** DOCKER_HOST is nothing that engines are reached by. */
export function noAddress(host: string): NetwrightError {
  const isSsh = host.startsWith('ssh://')
  const text = isSsh ? 'engines are not spoken to by ssh here' : 'is no address of an engine'
  const next = isSsh
    ? `Bring its socket here, \`ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock ${host}\`, and set DOCKER_HOST=unix:///tmp/docker.sock.`
    : `Write DOCKER_HOST=${likely(host)}.`
  return told([{ place: `DOCKER_HOST=${host}`, refusal: { kind: 'strange', text } }], next)
}

function likely(host: string): string {
  if (host.startsWith('/')) return `unix://${host}`
  if (/^[\w.-]+:\d+$/.test(host)) return `tcp://${host}`
  return 'unix:///var/run/docker.sock or tcp://HOST:PORT, or leave it out: the usual sockets are tried then'
}

function remedy(host: string, { kind }: Refusal): string {
  const usual = 'or leave DOCKER_HOST out: the usual sockets are tried then.'
  switch (kind) {
    case 'denied':
      return host.includes('podman') ? ownPodman : groupOfDocker
    case 'certificates':
      return 'DOCKER_TLS_VERIFY wants ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH.'
    case 'strange':
      return `What answers there is no engine that is well: name another, ${usual}`
    case 'silent':
      return host.startsWith('unix:')
        ? start
        : `See that an engine listens there (\`curl ${host.replace(/^tcp:/, 'http:')}/_ping\`), ${usual}`
    case 'absent':
      return start
  }
}

function told(tried: readonly Tried[], next: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_NO_ENGINE', 'No container engine answers', {
    stderr: tried.map(({ place, refusal }) => `${place}: ${refusal.text}`).join('\n'),
    next,
  })
}
