import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Shell } from 'zx'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { underlay } from '../model/underlay.ts'
import { openLab, type Lab } from './lab.ts'
import { argvOf } from './shell.ts'
import { topology } from './topology.ts'

let machine: Machine
let lab: Lab<'node1'>
let $: Shell

beforeAll(async () => {
  machine = await localMachine()
  lab = await openLab(
    machine,
    topology('one host', {
      underlay: underlay().wire('lan', '10.0.0.0/24').host('node1', { eth0: 'lan 10.0.0.1/24' }),
    }),
  )
  $ = lab.hosts.node1.$
})
afterAll(async () => {
  await lab.dispose()
  await machine.dispose()
})

test('quotes what is put into a command as zx does', async () => {
  const nasty = [
    '',
    ' ',
    'a b',
    "it's",
    '"',
    '$HOME',
    '$(id)',
    '`id`',
    '; id',
    '&& id',
    '| id',
    '*',
    '\\',
    'line\nbreak',
    '-n',
    '#',
    '~',
    'ä→🦀',
  ]
  const done = await $`for a in ${nasty}; do printf '%s\\0' "$a"; done`
  expect(done.stdout.split('\0').slice(0, -1)).toEqual(nasty)
  expect(lab.journal.entries.at(-1)?.command).toContain("$'it\\'s'")
})

test('gives failures in the words of zx, with nothrow as results', async () => {
  const failure = await $`echo out; echo err >&2; exit 7`.catch((error: unknown) => error)
  expect(failure).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n', signal: null })
  expect(await $({ nothrow: true })`exit 3`).toMatchObject({ exitCode: 3, ok: false })
  expect(await $`exit 4`.nothrow()).toMatchObject({ exitCode: 4 })
  expect(await $`no-such-program`.nothrow()).toMatchObject({ exitCode: 127 })
})

test('stops a line at its first failing command, also in a pipe', async () => {
  expect(await $`false; echo on`.nothrow()).toMatchObject({ exitCode: 1, stdout: '' })
  expect(await $`false | cat; echo on`.nothrow()).toMatchObject({ exitCode: 1, stdout: '' })
  expect(await $`echo $no_such_variable`.nothrow()).toMatchObject({ ok: false })
})

test('keeps both ends of a pipe on the host', async () => {
  const own = await machine.channel.run(['readlink', '/proc/self/ns/net'])
  const first = await $`readlink /proc/self/ns/net`
  expect(first.stdout).not.toBe(own.stdout.toString())
  const typed = await $`echo one`.pipe($`cat - <(readlink /proc/self/ns/net)`)
  const template = await $`echo one`.pipe`cat - <(readlink /proc/self/ns/net)`
  const chained = await $`echo one`.pipe`cat`.pipe`cat - <(readlink /proc/self/ns/net)`
  for (const piped of [typed, template, chained]) expect(piped.stdout).toBe(`one\n${first.stdout}`)
  expect((await $`echo err >&2`.pipe.stderr`cat`).stdout).toBe('err\n')
})

test('takes input, a working directory and an environment', async () => {
  expect((await $({ input: 'a\nb\n' })`wc -l`).stdout.trim()).toBe('2')
  expect((await $({ cwd: '/usr' })`pwd`).stdout).toBe('/usr\n')
  expect((await $({ cwd: '/no/such' })`pwd`.nothrow()).stderr).toContain('/no/such')
  expect(
    (await $({ env: { PATH: '/usr/bin:/bin', OWN: 'x y' } })`echo "$OWN"; env | grep -c ^HOME= || true`).stdout,
  ).toBe('x y\n0\n')
  expect((await $`cd /usr; pwd; umask`).stdout).toMatch(/^\/usr\n0/)
})

test('kills a command, and everything in its process group', async () => {
  const command = $`sleep 1000.5 & sleep 1000.5`.nothrow()
  command.child?.stdout?.resume()
  await command.kill()
  expect(await command).toMatchObject({ signal: 'SIGTERM' })
  expect(await $`sleep 1000.5`.timeout('100ms', 'SIGKILL').nothrow()).toMatchObject({ signal: 'SIGKILL' })
  expect(await $({ timeout: '100ms' })`sleep 1000.5`.nothrow()).toMatchObject({ signal: 'SIGTERM' })
  const controller = new AbortController()
  const aborted = $({ signal: controller.signal })`sleep 1000.5`.nothrow()
  controller.abort()
  expect((await aborted).ok).toBe(false)
  expect((await $`pgrep -f "^sleep 1000.5" || echo none`).stdout).toBe('none\n')
})

test('carries output of megabytes, and stops a command that never ends printing', async () => {
  expect((await $`head -c 3000000 /dev/zero | tr '\\0' x`).stdout).toHaveLength(3_000_000)
  expect((await $`printf %s ${'→'.repeat(30_000)}`).stdout === '→'.repeat(30_000)).toBe(true)
  expect(lab.journal.entries.at(-1)?.stdout.includes('\uFFFD')).toBe(false)
  const endless = await $`yes`.nothrow()
  expect(endless).toMatchObject({ signal: 'SIGKILL' })
  expect(endless.stderr).toContain('it printed more than 64 MB')
})

// A plain command is started without a shell; that must not be noticed.
test.for([
  'ip -o link show lo',
  'ip link show no-such',
  'ip netns exec no-such true',
  'ip addr add 10.0.0.300/24 dev eth0',
  'ip',
  'sysctl -n net.ipv4.ip_forward',
  'sysctl net.no.such',
  'bridge vlan show',
  'ping -c1 -W1 127.0.0.1 -q',
  'modprobe no-such-module',
  'ip -4 -o addr show dev eth0',
  'ethtool no-such',
])('says the same with and without a shell: %s', async (command) => {
  expect(argvOf(command)[0]).not.toBe('bash')
  const plain = await $({ nothrow: true })([command] as unknown as TemplateStringsArray)
  const shell = await $({ nothrow: true })([`${command} ;`] as unknown as TemplateStringsArray)
  const steady = (text: string): string => text.replace(/time=?\s?[\d.]+ ?ms|rtt .*/g, '')
  expect(steady(plain.stdout)).toBe(steady(shell.stdout))
  expect(plain.stderr).toBe(shell.stderr)
  expect([plain.exitCode, plain.signal]).toEqual([shell.exitCode, shell.signal])
})

test.for([
  'ip link show $HOME',
  'ip a | cat',
  'ip a; ip r',
  'ip  link',
  'ip link > /dev/null',
  "ip link show 'lo'",
  'ip link &',
  'X=1 ip a',
  'ip a\nip r',
  'echo x',
])('gives to the shell what a shell reads differently: %j', (command) => expect(argvOf(command)[0]).toBe('bash'))

test('says that the lab is gone when it goes while a command runs', async () => {
  const other = await openLab(machine, lab.topology)
  const acted = other
    .act('script', 'a script', ({ node1 }) => node1.$`echo on; sleep 1000`)
    .catch((error: unknown) => error)
  await other.channel.ping()
  await other.dispose()
  expect(await acted).toMatchObject({ code: 'NETWRIGHT_CHANNEL_CLOSED' })
})

test('says which command failed where, with what it said, and keeps a long stderr', async () => {
  const script = lab.act('script', 'a script', ({ node1 }) => node1.$`ip link add x type nosuchtype`)
  await expect(script).rejects.toThrowErrorMatchingInlineSnapshot(`
    [NetwrightError: A command of a script failed with exit code 2 [NETWRIGHT_SCRIPT_FAILED]
      where: host node1
      command: ip link add x type nosuchtype
      stderr: Error: Unknown device type.
      next: If the failure is what the document shows, use $({ nothrow: true }) or a refusal; the lab’s state is in the report.]
  `)
  const long = lab.act('script', 'a script', ({ node1 }) => node1.$`head -c 40000 /dev/zero | tr '\\0' x >&2; exit 9`)
  await expect(long).rejects.toMatchObject({ code: 'NETWRIGHT_SCRIPT_FAILED', details: { place: 'host node1' } })
})
