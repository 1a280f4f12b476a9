import { expect, test } from 'vitest'
import { journalText } from './journal-text.ts'
import { sampleEntry } from './testing/sample-run.ts'

test('where, what, how it ended and what it printed', () => {
  const journal = [
    sampleEntry('wire:lan', 'ip link add lan type bridge', { by: 'underlay', startMs: 12 }),
    sampleEntry('node1', 'ip link add link ens160 mac1 type macvlan mode bridge', { startMs: 61.5 }),
    sampleEntry('node1', "cat <<'E'\none\ntwo\nE", { startMs: 70, stdout: 'one\ntwo\n' }),
    sampleEntry('node1', 'ip -d link show mac9', { code: 1, stderr: 'Device "mac9" does not exist.\n', startMs: 74 }),
    sampleEntry('node1', 'sleep 9', { code: null, signal: 'SIGKILL', by: 'check', startMs: 12_075, ms: 200 }),
  ]
  expect(journalText(journal)).toMatchInlineSnapshot(`
    "   0.012 s wire:lan # ip link add lan type bridge
                          (underlay, 3 ms)
       0.061 s node1    # ip link add link ens160 mac1 type macvlan mode bridge
                          (3 ms)
       0.070 s node1    # cat <<'E'
                          one
                          two
                          E
                          | one
                          | two
                          (3 ms)
       0.074 s node1    # ip -d link show mac9
                          | Device "mac9" does not exist.
                          (exit 1, 3 ms)
      12.075 s node1    # sleep 9
                          (killed by SIGKILL, check, 200 ms)"
  `)
})
