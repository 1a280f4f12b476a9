import { expect, test } from 'vitest'
import { FarEndError } from '../channel/channel.ts'
import { eventually, pidsOf, type Subject } from './subject.ts'

/** How commands start, run at once, and end. */
export function commandTests(subject: Subject): void {
  test('runs 1000 commands in a row', async (context) => {
    const channel = await subject.sandbox(context)
    for (let i = 0; i < 1000; i++) expect(await channel.run(['true'])).toMatchObject({ code: 0, signal: null })
  })

  test.for([32, 64])('runs %i commands at once, each with streams of its own', async (count, context) => {
    const channel = await subject.sandbox(context)
    const script = 'echo ready; read line; echo "out $line"; echo "err $line" >&2'
    const commands = await Promise.all(Array.from({ length: count }, () => channel.spawn(['sh', '-c', script])))
    // All of them run before the first may end.
    const outputs = commands.map((command) => {
      const out = { stdout: '', stderr: '' }
      command.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()))
      command.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()))
      return out
    })
    await eventually('all commands run', () => {
      const ready = outputs.filter((out) => out.stdout === 'ready\n').length
      return Promise.resolve(ready === count || `${ready} ready`)
    })
    commands.forEach((command, i) => command.stdin.end(`${i}\n`))
    const exits = await Promise.all(commands.map((command) => command.exit))
    expect(exits.every((exit) => exit.code === 0)).toBe(true)
    const said = (i: number) => ({ stdout: `ready\nout ${i}\n`, stderr: `err ${i}\n` })
    await eventually('all outputs', () =>
      Promise.resolve(outputs.every((o, i) => o.stderr === said(i).stderr) || 'too little'),
    )
    expect(outputs).toEqual(outputs.map((_, i) => said(i)))
  })

  test('answers every exit code', async (context) => {
    const channel = await subject.sandbox(context)
    const codes = Array.from({ length: 256 }, (_, code) => code)
    const exits = await Promise.all(codes.map((code) => channel.run(['sh', '-c', 'exit $1', 'sh', String(code)])))
    expect(exits.map((exit) => exit.code)).toEqual(codes)
  })

  test.for(['SIGTERM', 'SIGKILL', 'SIGSEGV', 'SIGHUP'] as const)(
    'names the signal that ended a command: %s',
    async (signal, context) => {
      const channel = await subject.sandbox(context)
      const exit = await channel.run(['sh', '-c', `kill -${signal.slice(3)} $$`])
      expect(exit).toMatchObject({ code: null, signal, timedOut: false })
    },
  )

  test('sends signals to the whole process group', async (context) => {
    const channel = await subject.sandbox(context)
    const command = await channel.spawn(['sh', '-c', 'sleep 1000.125 & wait'])
    await eventually('the child runs', async () => (await pidsOf(channel, '1000.125')) !== '' || 'no process')
    command.kill('SIGUSR1')
    expect(await command.exit).toEqual({ code: null, signal: 'SIGUSR1', timedOut: false })
    await eventually('the child ends', async () => (await pidsOf(channel, '1000.125')) === '' || 'it runs')
    command.kill() // after its end: nothing happens
  })

  test('ends the whole process group at the timeout', async (context) => {
    const channel = await subject.sandbox(context)
    const startedAt = performance.now()
    const script = 'trap "" TERM HUP INT; sh -c "sleep 1000.25 & sleep 1000.25" & wait'
    const exit = await channel.run(['sh', '-c', script], { timeoutMs: 300 })
    expect(exit).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true })
    const ms = performance.now() - startedAt
    expect(ms).toBeGreaterThan(280)
    expect(ms).toBeLessThan(5000)
    await eventually('its grandchildren end', async () => (await pidsOf(channel, '1000.25')) || true)
  })

  test('does not wait for daemons that a command leaves behind', async (context) => {
    const channel = await subject.sandbox(context)
    const done = await channel.run(['sh', '-c', 'sleep 1000.375 & echo started'], { timeoutMs: 20_000 })
    expect(done).toMatchObject({ code: 0, timedOut: false })
    expect(done.stdout.toString()).toBe('started\n')
    expect(await pidsOf(channel, '1000.375')).not.toBe('')
  })

  test('says what cannot be started, and why', async (context) => {
    const channel = await subject.sandbox(context)
    const failing = [
      { argv: ['no-such-program'], options: {}, errno: 2, text: /^no-such-program: / },
      {
        argv: ['no-such-program'],
        options: { env: { PATH: '/etc/passwd:/usr/bin' } },
        errno: 2,
        text: /^no-such-program: /,
      },
      { argv: ['/'], options: {}, errno: 13, text: /^\/: / },
      { argv: ['true'], options: { cwd: '/no/such/folder' }, errno: 2, text: /^cwd \/no\/such\/folder: / },
      {
        argv: ['true'],
        options: { place: { net: '/run/netns/no-such' } },
        errno: 2,
        text: /^namespace \/run\/netns\/no-such: /,
      },
      {
        argv: ['true'],
        options: { place: { net: '/proc/self/status' } },
        errno: 22,
        text: /^setns \/proc\/self\/status: /,
      },
    ]
    for (const { argv, options, errno, text } of failing) {
      const error = await channel.run(argv, options).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(FarEndError)
      expect(error).toMatchObject({ errno, message: expect.stringMatching(text) as string })
    }
  })

  // Each command that ends interrupts the far end with SIGCHLD.
  test('says it also while many commands end', async (context) => {
    const channel = await subject.sandbox(context)
    const ending = Promise.all(Array.from({ length: 120 }, () => channel.run(['true'])))
    const errors = await Promise.all(
      Array.from({ length: 120 }, () =>
        channel.run(['no-such-program']).then(String, (e: unknown) => (e as FarEndError).errno),
      ),
    )
    await ending
    expect(errors.filter((errno) => errno !== 2)).toEqual([])
  })

  test('gives a command its environment and nothing else', async (context) => {
    const channel = await subject.sandbox(context)
    const env = {
      PATH: '/usr/bin:/bin',
      EMPTY: '',
      EQUALS: 'a=b=c',
      SPACES: ' a  b ',
      QUOTES: `'"$\``,
      LETTERS: 'ä→🦀',
    }
    const done = await channel.run(['env'], { env })
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    expect(done.stdout.toString().trimEnd().split('\n').sort()).toEqual(lines.sort())
  })

  test('passes arguments as they are', async (context) => {
    const channel = await subject.sandbox(context)
    const args = ['', ' ', 'a b', `'"$(id)\``, '*', 'ä→🦀', '-n', 'line\nbreak', 'x'.repeat(100_000)]
    const done = await channel.run(['sh', '-c', 'for a; do printf "%s\\0" "$a"; done', 'sh', ...args])
    expect(done.stdout.toString().split('\0').slice(0, -1)).toEqual(args)
  })

  test('starts a command in its working directory', async (context) => {
    const channel = await subject.sandbox(context)
    expect((await channel.run(['pwd'], { cwd: '/usr' })).stdout.toString()).toBe('/usr\n')
  })
}
