import { expect, test } from 'vitest'
import type { Engine } from './find-engine.ts'
import { importRefused, startRefused } from './refusals.ts'

const engine = {
  version: () => Promise.resolve({}),
  info: () => Promise.resolve({ DockerRootDir: '/data' }),
} as unknown as Engine
const said = async (words: string) => (await startRefused(engine, 'an-image', new Error(words), '')).message

test.each([
  'runc create failed: open sysctl net.ipv4.ip_unprivileged_port_start file: open /proc/sys/net/ipv4/ip_unprivileged_port_start: permission denied',
  'runc create failed: unable to create session key: disk quota exceeded',
  'runc create failed: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/docker/1: no space left on device',
])('what has another cause is told in the engine’s words: %s', async (words) => {
  const text = await said(words)
  expect(text).toMatch(/^A privileged container of an-image does not start \[NETWRIGHT_CONTAINER\]/)
  expect(text).toContain(words)
})

test.each([
  ['authorization denied by plugin judge: not here', 'The engine refuses privileged containers'],
  ['(HTTP code 403) unexpected - by a proxy', 'The engine refuses privileged containers'],
  ['privileged mode is incompatible with user namespaces', 'The engine refuses privileged containers'],
  ['Privileged containers are not allowed', 'The engine refuses privileged containers'],
  ['mkdir /data/overlay2/1: no space left on device', 'The engine’s disk is full'],
  ['write /data/overlay2/1: disk quota exceeded', 'The engine’s disk is full'],
  // As Docker 20.10 and Podman 4.3 said.
  [
    'runc create failed: unable to start container process: unable to apply caps: operation not permitted',
    'The engine cannot give a container the privileges that labs need',
  ],
  [
    'crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv1: OCI runtime error',
    'The engine’s runtime, crun, does not take this machine’s control groups',
  ],
])('%s', async (words, what) => {
  expect(await said(words)).toContain(what)
})

test('what cures it is told: a newer engine, another runtime', async () => {
  expect(await said('unable to apply caps: operation not permitted')).toContain(
    'next: Docker before 26 cannot where CAP_SYS_RESOURCE is missing (`capsh --print` lists it): take a newer one, or Podman.',
  )
  expect(await said('crun: cgroups in hybrid mode not supported')).toContain(
    'next: Install runc and have Podman use it: `runtime = "runc"` under `[engine]` in /etc/containers/containers.conf.',
  )
})

test('an import that needs a key which is not to be had blames no disk', async () => {
  const { message } = await importRefused(engine, 1, new Error('unable to join session keyring: disk quota exceeded'))
  expect(message).toMatch(/^The engine does not take the image/)
})
