/**
 * The Debian packages that labs need, each with the programs it is wanted for and why.
 * A package counts as present when all its programs are.
 *
 * @type {readonly { name: string, programs: readonly string[], why: string }[]}
 */
export const debianPackages = [
  { name: 'iproute2', programs: ['ip', 'bridge', 'tc', 'ss'], why: 'builds topologies and reads the graph back' },
  { name: 'iputils-ping', programs: ['ping'], why: 'the ICMP echo the documents type' },
  { name: 'nftables', programs: ['nft'], why: 'firewall scenarios and their counters' },
  { name: 'kmod', programs: ['modprobe'], why: 'loads the kernel modules of device types' },
  { name: 'tcpdump', programs: ['tcpdump'], why: 'sees where a frame was' },
  { name: 'util-linux', programs: ['unshare', 'nsenter', 'setpriv', 'mount'], why: 'sandboxes and their lifetime' },
  { name: 'perl-base', programs: ['perl'], why: 'runs the agent inside a sandbox' },
  { name: 'procps', programs: ['sysctl'], why: 'kernel settings as the documents type them' },
]
