import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { readConsole, readTrouble } from './guest-console.ts'

test.each([
  ['panicked', '[    3.512178] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000ff00'],
  ['oopsed', '[    5.1] BUG: kernel NULL pointer dereference, address: 0000000000000010'],
  ['oopsed', '[    5.1] Oops: 0002 [#1] PREEMPT SMP NOPTI'],
  ['oopsed', '[   61.0] traps: PANIC: double fault, error_code: 0x0'],
  ['locked up', '[   28.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [ip:123]'.replace('BUG: ', '')],
  ['ran out of memory', '[   32.9] Out of memory: Killed process 146 (perl) total-vm:313268kB, anon-rss:304896kB'],
  ['had no room for its programs and modules', '[    2.700560] Initramfs unpacking failed: write error'],
  ['warned', '[   12.3] WARNING: CPU: 0 PID: 77 at net/core/dev.c:1234 dev_x+0x1/0x2'],
])('reads a kernel that %s', (what, line) => {
  expect(readTrouble(line)).toEqual({ what, line: line.trim() })
})

test.each(['[    0.9] acpi PNP0A03:00: fail to add MMCONFIG information', 'ping: WARNING: interface is ignored'])(
  'takes no offence at: %s',
  (line) => {
    expect(readTrouble(line)).toBeUndefined()
  },
)

test('keeps the tail of a console that floods, and lines that come in pieces', async () => {
  const stream = new PassThrough()
  const console = readConsole(stream)
  for (let i = 0; i < 5000; i++) stream.write(`[ ${i}] line\r\n`)
  stream.write('[ 9.9] Kernel pa')
  stream.write('nic - not syncing: because\r\nend\n')
  expect(await console.trouble).toEqual({ what: 'panicked', line: '[ 9.9] Kernel panic - not syncing: because' })
  expect(console.tail().split('\n').slice(-2)).toEqual(['[ 9.9] Kernel panic - not syncing: because', 'end'])
  expect(console.tail().split('\n')).toHaveLength(39)
})

test('a report of the kernel that is longer than a tail is shown from its first line', () => {
  const stream = new PassThrough()
  const console = readConsole(stream)
  stream.write('before\n'.repeat(200))
  stream.write('[ 4.8] Kernel panic - not syncing: sysrq triggered crash\n')
  stream.write('[ 4.9]  frame+0x1/0x2\n'.repeat(60))
  const lines = console.tail().split('\n')
  expect(lines).toHaveLength(61)
  expect(lines[0]).toContain('Kernel panic')
})
