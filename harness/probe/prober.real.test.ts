import { afterAll, beforeAll, expect, test } from 'vitest'
import { localMachine } from '../machines/local/local-machine.ts'
import type { Machine } from '../machines/machine.ts'
import { tcp } from '../model/probe.ts'
import { onBench, told, type Trial, type TrialHosts } from '../verdict/testing/bench.ts'

let machine: Machine
beforeAll(async () => {
  machine = await localMachine()
})
afterAll(() => machine.dispose())

/** Puts a script over a program, in the host's own mounts: named namespaces use them as well. */
const replace =
  (program: string, script: string) =>
  ({ node1: { $ } }: TrialHosts) =>
    $`printf '%s\n' ${`#!/bin/sh`} ${script} > /run/fake && chmod 755 /run/fake && mount --bind /run/fake $(command -v ${program})`
/** A program that is there and cannot be run. */
const forbid =
  (program: string) =>
  ({ node1: { $ } }: TrialHosts) =>
    $`touch /run/fake && chmod 644 /run/fake && mount --bind /run/fake $(command -v ${program})`
/** An empty folder over every folder of the search path that has it. */
const hide =
  (program: string) =>
  ({ node1: { $ } }: TrialHosts) =>
    $`bash -c ${`mkdir -p /run/empty; for d in $(type -aP ${program} | xargs -n1 dirname | xargs -n1 realpath | sort -u); do
      mkdir -p /run/kept$d; cp -as $d/. /run/kept$d; rm -f /run/kept$d/${program}
      mkdir -p /run/real$d; mount --bind $d /run/real$d
      for f in /run/kept$d/*; do [ -L $f ] && ln -sfn /run/real$d/$(basename $f) $f; done
      mount --bind /run/kept$d $d; done`}`

const isolated = { modes: ['bridge', 'bridge'], from: 'node1/ns1', to: 'node1' } as const
const open = { modes: ['bridge', 'bridge'], from: 'node1/ns1', to: 'node1/ns2' } as const
const noReply = "echo '1 packets transmitted, 0 received, 100% packet loss'; exit 1"
const reply = "echo '1 packets transmitted, 1 received, 0% packet loss'; exit 0"

const trials: readonly Trial[] = [
  { what: 'ping is gone, where nothing connects', ...isolated, given: hide('ping'), is: 'inconclusive: tool-missing' },
  { what: 'ping is gone, where it connects', ...open, given: hide('ping'), is: 'inconclusive: tool-missing' },
  { what: 'ping may not be run', ...isolated, given: forbid('ping'), is: 'inconclusive: prober-failed' },
  { what: 'ping fails silently', ...isolated, given: replace('ping', 'exit 1'), is: 'inconclusive: prober-failed' },
  { what: 'ping succeeds silently', ...isolated, given: replace('ping', 'exit 0'), is: 'inconclusive: prober-failed' },
  {
    what: 'ping claims an answer where none can come',
    ...isolated,
    given: replace('ping', reply),
    is: 'inconclusive: contradictory',
  },
  {
    what: 'ping claims an answer that could have come',
    ...open,
    given: replace('ping', reply),
    is: 'inconclusive: contradictory',
  },
  {
    what: 'ping claims that none came, having sent nothing',
    ...isolated,
    given: replace('ping', noReply),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'ping claims that none came, where one would',
    ...open,
    given: replace('ping', noReply),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'ping has no permission',
    ...isolated,
    given: replace(
      'ping',
      "echo 'ping: socktype: SOCK_RAW' >&2; echo 'ping: socket: Operation not permitted' >&2; exit 2",
    ),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'ping invents a missing route',
    ...open,
    given: replace('ping', "echo 'ping: connect: Network is unreachable' >&2; exit 2"),
    is: 'inconclusive: unexplained',
  },
  {
    what: 'ping invents a small MTU',
    ...open,
    given: replace('ping', "echo 'ping: local error: message too long, mtu=1500' >&2; exit 1"),
    is: 'inconclusive: unexplained',
  },
  { what: 'ping hangs', ...open, given: replace('ping', 'exec sleep 60'), is: 'inconclusive: unexplained' },
  { what: 'ping is gone, TCP does not need it', ...open, over: tcp(8080), given: hide('ping'), is: 'reached' },
  {
    what: 'nft is gone where a rule drops',
    ...open,
    given: async (hosts) => {
      await hosts.node1
        .$`ip netns exec ns2 nft ${'table inet t { chain c { type filter hook input priority 0; icmp type echo-request drop; }; }'}`
      await hide('nft')(hosts)
    },
    is: 'inconclusive: tool-missing',
  },
  {
    what: 'nft is gone where nothing listens',
    ...open,
    over: tcp(80, { service: 'own' }),
    given: hide('nft'),
    is: 'inconclusive: tool-missing',
  },
  {
    what: 'ss is gone where nothing listens',
    ...open,
    over: tcp(80, { service: 'own' }),
    given: hide('ss'),
    is: 'inconclusive: tool-missing',
  },
  {
    what: 'ss says nothing at all',
    ...open,
    over: tcp(80, { service: 'own' }),
    given: replace('ss', 'exit 1'),
    is: 'inconclusive: tool-missing',
  },
]

test.each(trials)('$what', async (trial) => {
  const cell = await onBench(machine, trial, async ({ hosts, measure }) => {
    await trial.given?.(hosts)
    return measure(trial)
  })
  expect(told(cell), cell.story.join('\n')).toBe(trial.is)
})

test('without ip the verdict stands: what was built is read from the kernel', async () => {
  const measured = await onBench(machine, open, async ({ hosts, measure }) => {
    await hide('ip')(hosts)
    return measure(open)
  })
  expect(told(measured)).toBe('reached')
})
