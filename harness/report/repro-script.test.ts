import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { reproScript } from './repro-script.ts'
import { sampleEntry, sampleScenario, sampleUntil } from './testing/sample-run.ts'

/** The part that is made of the journal. */
const body = (script: string) => script.slice(script.indexOf('\nhost ') + 1)

test('hosts, then the typed commands phase by phase, then checks', () => {
  expect(body(reproScript(sampleUntil()))).toMatchInlineSnapshot(`
    "host 'wire:lan' NS_wire_lan wire
    host 'node1' NS_node1 host
    host 'node2' NS_node2 host

    echo; echo '== build: macvlan bridge'
    on 'wire:lan' "$NS_wire_lan" 'ip link add lan type bridge'
    on 'node1' "$NS_node1" 'ip netns add ns1'
    on 'node1' "$NS_node1" 'ip link add link ens160 mac1 type macvlan mode bridge'
    on 'node1' "$NS_node1" 'ip link set mac1 netns ns1'
    on 'node1' "$NS_node1" 'ip netns exec ns1 ip addr add 192.168.179.12/16 dev mac1'
    try 1 'node1' "$NS_node1" 'ip -d link show mac1'

    echo; echo '== expect: before'
    cold
    check 'ns1 → ns2 192.168.179.13' "$NS_node1" 'ns1' '192.168.179.13' 'reached'
    check 'ns1 → node1 192.168.179.9' "$NS_node1" 'ns1' '192.168.179.9' 'blocked: macvlan-parent-isolation'
    check 'ns1 → node2 192.168.179.10' "$NS_node1" 'ns1' '192.168.179.10' 'reached'
    check 'ns2 → ns1 192.168.179.12' "$NS_node1" 'ns2' '192.168.179.12' 'reached'
    check 'ns2 → node1 192.168.179.9' "$NS_node1" 'ns2' '192.168.179.9' 'blocked: macvlan-parent-isolation'
    check 'ns2 → node2 192.168.179.10' "$NS_node1" 'ns2' '192.168.179.10' 'reached'

    echo; echo '== until mac0 takes over the address of ens160'
    on 'node1' "$NS_node1" 'ip link add link ens160 mac0 type macvlan mode bridge'
    on 'node1' "$NS_node1" 'ip addr del 192.168.179.9/16 dev ens160'

    echo; echo '== expect: after'
    cold
    check 'ns1 → node1 192.168.179.9' "$NS_node1" 'ns1' '192.168.179.9' 'reached'

    echo; echo '== undo: mac0 takes over the address of ens160'
    on 'node1' "$NS_node1" 'ip link del mac0'

    echo; echo '== expect: and back'
    cold
    check 'ns1 → node1 192.168.179.9' "$NS_node1" 'ns1' '192.168.179.9' 'blocked: macvlan-parent-isolation'

    finish "$@"
    "
  `)
})

test('commands keep their quoting, failures their exit code, and killed ones are left out', () => {
  const journal = [
    sampleEntry('node1', `nft add rule 'inet f c' comment "it's"\nip link`),
    sampleEntry('node-2', 'ip link add mac9', { code: 2 }),
    sampleEntry('node1', 'sleep 9\nsleep 8', { code: null, signal: 'SIGKILL' }),
    sampleEntry('node1/ns1', `ping "it's"`, { by: 'check' }),
    sampleEntry('sandbox', 'ip link add eth0 netns "$NS_node1" type veth', { by: 'underlay' }),
  ]
  const scenario = sampleScenario({ steps: [{ kind: 'build', title: 'x', ms: 1, journal }], graphs: [], journal })
  expect(body(reproScript(scenario))).toMatchInlineSnapshot(`
    "host 'node1' NS_node1 host
    host 'node-2' NS_node_2 host

    echo; echo '== build: x'
    on 'node1' "$NS_node1" 'nft add rule '\\''inet f c'\\'' comment "it'\\''s"
    ip link'
    try 2 'node-2' "$NS_node_2" 'ip link add mac9'
    # was ended (SIGKILL) on node1: sleep 9
    # sleep 8
    on 'node1' "$NS_node1" 'ip netns exec ns1 bash -c '\\''ping "it'\\''\\'\\'''\\''s"'\\'''
    on 'sandbox' "$NS_sandbox" 'ip link add eth0 netns "$NS_node1" type veth'

    finish "$@"
    "
  `)
})

test('bash finds no fault with the script', () => {
  const run = () => execFileSync('bash', ['-n'], { input: reproScript(sampleUntil()), encoding: 'utf8' })
  expect(run()).toBe('')
})
