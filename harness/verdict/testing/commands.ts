import type { TrialHosts } from './bench.ts'

type Step = (hosts: TrialHosts) => Promise<unknown>

/** A step that runs a command line of bash on a host. */
export const on =
  (host: keyof TrialHosts, command: string): Step =>
  (hosts) =>
    hosts[host].$`bash -c ${command}`
export const onNode1 = (command: string): Step => on('node1', command)
export const onNode2 = (command: string): Step => on('node2', command)
export const onGw = (command: string): Step => on('gw', command)

/** A command by which a host answers no ping. */
export const echoIgnored = 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1'
