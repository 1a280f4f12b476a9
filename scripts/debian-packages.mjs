/**
 * The Debian packages that labs need, each with the programs it is wanted for and why.
 * A package counts as present when all its programs are; one that has none names a file. `only`: the processor (as Node names it) that it is for.
 *
 * `service`: installing it would start a service of the machine, which is not set-up's to do. `tests`: only the project's
 * own tests want it; brought for `npm test` and its like and on CI machines. `kinds`: the kinds of machine that it is for;
 * not for `local` and `container` then. `scenarios`: only some want it, and are skipped without it.
 *
 * @type {readonly { name: string, programs: readonly string[], why: string, only?: string, service?: true, tests?: true, kinds?: readonly ('vm' | 'vagrant')[], scenarios?: true }[]}
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
  {
    name: 'iptables',
    programs: ['iptables', 'ip6tables'],
    why: 'firewall scenarios that the documents type so',
    scenarios: true,
  },
  // VMs; without the recommended packages QEMU brings no window and no disk tools.
  {
    name: 'qemu-system-x86',
    programs: ['qemu-system-x86_64'],
    why: 'boots other kernels (vm:KERNEL)',
    only: 'x64',
    kinds: ['vm', 'vagrant'],
  },
  {
    name: 'debian-archive-keyring',
    programs: ['/usr/share/keyrings/debian-archive-keyring.gpg'],
    why: 'proves where the kernels of VMs come from; Debian itself has it',
    only: 'x64',
    kinds: ['vm', 'vagrant'],
  },
  {
    name: 'xz-utils',
    programs: ['xz'],
    why: 'unpacks kernels and their modules',
    only: 'x64',
    kinds: ['vm', 'vagrant'],
  },
  { name: 'lz4', programs: ['lz4'], why: 'unpacks kernels', only: 'x64', kinds: ['vm', 'vagrant'] },
  { name: 'zstd', programs: ['zstd'], why: 'unpacks kernels', only: 'x64', kinds: ['vm', 'vagrant'] },
  { name: 'dnsmasq-base', programs: ['dnsmasq'], why: 'the DHCP server of ipvlan scenarios', scenarios: true },
  { name: 'udhcpc', programs: ['udhcpc'], why: 'the DHCP client, which takes any client id', scenarios: true },
  {
    name: 'containernetworking-plugins',
    programs: ['/usr/lib/cni/macvlan', '/usr/lib/cni/static'],
    why: 'a runtime’s network plugins (CNI)',
    scenarios: true,
  },
  { name: 'bird2', programs: ['bird', 'birdc'], why: 'announces subnets by BGP', service: true },
  {
    name: 'openvswitch-switch',
    programs: ['ovs-vswitchd', 'ovs-vsctl'],
    why: 'the other bridge for Pods',
    service: true,
  },
  // Its socket is enabled where systemd runs. The tests start one of their own.
  { name: 'podman', programs: ['podman'], why: 'the other engine for containers', service: true },
  { name: 'uidmap', programs: ['newuidmap', 'newgidmap'], why: 'engines of ordinary users', tests: true },
  {
    name: 'rootlesskit',
    programs: ['rootlesskit'],
    why: 'an ordinary user’s Docker Engine, for the tests',
    tests: true,
  },
  {
    name: 'slirp4netns',
    programs: ['slirp4netns'],
    why: 'an ordinary user’s Docker Engine, for the tests',
    tests: true,
  },
  // Vagrant boxes (vagrant:BOX). None of these starts a service: libvirt's is in a package of its own.
  {
    name: 'vagrant',
    programs: ['vagrant'],
    why: 'brings boxes up and takes them down',
    only: 'x64',
    kinds: ['vagrant'],
  },
  {
    name: 'vagrant-libvirt',
    programs: ['/usr/share/vagrant-plugins/plugins.d/vagrant-libvirt.json'],
    why: 'Vagrant’s provider for libvirt',
    only: 'x64',
    kinds: ['vagrant'],
  },
  { name: 'libvirt-daemon', programs: ['libvirtd'], why: 'runs boxes', only: 'x64', kinds: ['vagrant'] },
  {
    name: 'libvirt-daemon-driver-qemu',
    programs: ['/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so'],
    why: 'runs boxes in QEMU',
    only: 'x64',
    kinds: ['vagrant'],
  },
  { name: 'qemu-utils', programs: ['qemu-img'], why: 'makes the disks of boxes', only: 'x64', kinds: ['vagrant'] },
  { name: 'mmdebstrap', programs: ['mmdebstrap'], why: 'makes boxes from packages', only: 'x64', kinds: ['vagrant'] },
  { name: 'e2fsprogs', programs: ['mke2fs'], why: 'makes the disks of boxes', only: 'x64', kinds: ['vagrant'] },
  { name: 'openssh-client', programs: ['ssh', 'ssh-keygen'], why: 'speaks to boxes', only: 'x64', kinds: ['vagrant'] },
]
