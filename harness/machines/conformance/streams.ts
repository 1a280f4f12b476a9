import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Subject } from './subject.ts'

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

/** What travels to and from commands. */
export function streamTests(subject: Subject): void {
  test('carries 10 MB each way, byte for byte', async (context) => {
    const channel = await subject.sandbox(context)
    const input = randomBytes(10 << 20)
    const done = await channel.run(['cat'], { input })
    expect(done.code).toBe(0)
    expect(done.stdout.equals(input)).toBe(true)
    expect(done.stderr).toHaveLength(0)
  })

  test('carries every byte, on stderr as on stdout, and keeps them apart', async (context) => {
    const channel = await subject.sandbox(context)
    const out = await channel.run(['cat'], { input: everyByte })
    const err = await channel.run(['sh', '-c', 'cat >&2'], { input: everyByte })
    expect([out.stdout, out.stderr]).toEqual([everyByte, Buffer.alloc(0)])
    expect([err.stdout, err.stderr]).toEqual([Buffer.alloc(0), everyByte])
  })

  test('moves a file there and back, byte for byte and with its mode', async (context) => {
    const channel = await subject.sandbox(context)
    const bytes = Buffer.concat([everyByte, randomBytes(1 << 20)])
    const script = 'cd "$(mktemp -d)" && cat >"$1" && chmod 0751 "$1" && pwd'
    const put = await channel.run(['sh', '-c', script, 'sh', 'a file→🦀'], { input: bytes })
    const folder = put.stdout.toString().trim()
    const file = `${folder}/a file→🦀`
    expect((await channel.run(['stat', '-c', '%a %s %F', file])).stdout.toString()).toBe(
      `751 ${String(bytes.length)} regular file\n`,
    )
    expect((await channel.run(['cat', file])).stdout.equals(bytes)).toBe(true)
    // The machine itself has it as well: a sandbox has namespaces of its own, and the machine's files.
    const { channel: outer } = await subject.machine()
    expect((await outer.run(['cat', file])).stdout.equals(bytes)).toBe(true)
    expect(await outer.run(['rm', '-r', folder])).toMatchObject({ code: 0 })
  })

  test('ends stdin', async (context) => {
    const channel = await subject.sandbox(context)
    expect((await channel.run(['wc', '-c'])).stdout.toString().trim()).toBe('0')
    expect((await channel.run(['wc', '-c'], { input: 'four' })).stdout.toString().trim()).toBe('4')
  })

  test.for([
    ['sh', '-c', 'exec <&-; echo done'],
    ['sh', '-c', 'head -c 1 >/dev/null; exec <&-; echo done'],
    ['sh', '-c', 'echo done'],
  ])('lets a command close its stdin before it read all: %j', async (argv, context) => {
    const channel = await subject.sandbox(context)
    const done = await channel.run(argv, { input: Buffer.alloc(1 << 20), timeoutMs: 20_000 })
    expect(done).toMatchObject({ code: 0, timedOut: false })
    expect(done.stdout.toString()).toBe('done\n')
  })

  test('answers promptly while a command floods its output', async (context) => {
    const channel = await subject.sandbox(context)
    const bytes = 24 << 20
    const state = { flooding: true }
    const flood = channel.run(['head', '-c', String(bytes), '/dev/zero']).finally(() => (state.flooding = false))
    const waits: number[] = []
    while (state.flooding) {
      const startedAt = performance.now()
      await channel.run(['true'])
      waits.push(performance.now() - startedAt)
    }
    expect((await flood).stdout).toHaveLength(bytes)
    expect(Math.max(...waits)).toBeLessThan(2000)
  })

  test('does not let a command that never reads its stdin hold up the others', async (context) => {
    const channel = await subject.sandbox(context)
    const deaf = await channel.spawn(['sleep', '1000'])
    deaf.stdin.on('error', () => undefined)
    deaf.stdin.write(Buffer.alloc(20 << 20))
    for (let i = 0; i < 20; i++) expect((await channel.run(['cat'], { input: 'x' })).stdout.toString()).toBe('x')
    deaf.kill('SIGKILL')
    expect((await deaf.exit).signal).toBe('SIGKILL')
  })
}
