import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
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
    shown: () => shown,
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
  type('sh -c "echo wai\'\'ting; exec sleep 1000"\n')
  await shows('waiting')
  type('\x03')
  type('echo still he""re\n')
  await shows('still here')
  type('(trap "" HUP; timeout 2 yes) & exit 0\n')
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

/** 200 kB in lines, as they may be pasted. */
const pasted = Array.from({ length: 10_000 }, (_, i) => `${String(i).padStart(19)}\n`).join('')

test('what is pasted waits for who reads it, while what the terminal shows goes on', async () => {
  const { type, shows, end } = await shell()
  type('stty raw -echo; echo beg""un; sleep 1; echo slept; head -c 200000 | cksum; stty sane; exit 3\n')
  await shows('begun')
  const cksum = execFileSync('cksum', { input: pasted }).toString().trim()
  type(pasted)
  await shows('slept')
  await shows(cksum)
  expect(await end()).toMatchObject({ code: 3 })
})

test('what is shown in answer to what is pasted is shown meanwhile, all of it', async () => {
  const { type, shows, shown, end } = await shell()
  type('stty raw -echo; echo beg""un; head -c 200000; stty sane; exit 3\n')
  await shows('begun')
  type(pasted)
  await expect.poll(() => shown().includes(pasted), { timeout: 5000 }).toBe(true)
  expect(await end()).toMatchObject({ code: 3 })
})

test.each([
  ['reads nothing of what was pasted', 'exec sleep 1000'],
  ['has closed the terminal', 'exec sleep 1000 <&- >&- 2>&-'],
])('a command that %s is hung up, too', async (_, command) => {
  const { terminal, type, shows, end } = await shell()
  type(`stty raw -echo; echo beg""un; ${command}\n`)
  await shows('begun')
  type(pasted)
  await setTimeout(300)
  terminal.stdin.end()
  expect(await end()).toMatchObject({ code: 129 })
})
