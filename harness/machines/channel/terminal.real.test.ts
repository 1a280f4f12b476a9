import { expect, test } from 'vitest'
import { localMachine } from '../local/local-machine.ts'
import { openTerminal, resized, typed } from './terminal.ts'

const size = { rows: 30, columns: 90 }

/** A shell in a terminal of a machine, and what it has shown so far. */
async function shell() {
  const machine = await localMachine()
  const { environment: env, channel } = machine
  const terminal = await openTerminal(channel, ['bash', '--norc', '-i'], { ...size, place: {}, env })
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  return {
    terminal,
    type: (text: string) => terminal.stdin.write(typed(Buffer.from(text))),
    shows: (text: string | RegExp) => expect.poll(() => shown, { timeout: 5000, interval: 10 }).toMatch(text),
    end: async () => {
      const exit = await terminal.exit
      await machine.dispose()
      return exit
    },
  }
}

test('a shell has a terminal of its own, of the size that was asked for, and tells its exit code', async () => {
  const { terminal, type, shows, end } = await shell()
  type('tty; stty size; echo six times seven is $((6 * 7))\n')
  await shows(/\/dev\/pts\/\d+\r\n30 90\r\nsix times seven is 42/)
  terminal.stdin.write(resized({ rows: 11, columns: 222 }))
  type('stty size\n')
  await shows('11 222')
  type('exit 5\n')
  expect(await end()).toMatchObject({ code: 5 })
})

test('Ctrl-C ends what runs in the shell and not the shell; what it left in the background does not hold it', async () => {
  const { type, shows, end } = await shell()
  type('echo wai""ting; sleep 1000\n')
  await shows('waiting')
  type('\x03')
  type('echo still he""re\n')
  await shows('still here')
  type('(trap "" HUP; sleep 2) & exit 0\n')
  const startedAt = performance.now()
  expect(await end()).toMatchObject({ code: 0 })
  expect(performance.now() - startedAt).toBeLessThan(1500)
})

test('the shell is hung up when nobody types any more', async () => {
  const { terminal, type, shows, end } = await shell()
  type('echo re""ady\n')
  await shows('ready')
  terminal.stdin.end()
  expect(await end()).toMatchObject({ code: 129 })
})
