import { expect, test } from 'vitest'
import { findKernel, kernelCatalogue } from './catalogue.ts'
import { chooseModules, readModulesDep } from './guest-modules.ts'
import { lackingOptions } from './guest-needs.ts'
import { readLinkTypes } from './kernel-support.ts'
import { packNewc, readFromNewc } from './newc.ts'
import { readLdd } from './userland.ts'
import { readVmName, vmNameOfFile } from './vm-name.ts'

test('the catalogue has the kernels that the documents are tested on, and names the nearest of others', async () => {
  const names = (await kernelCatalogue()).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['5.10', '6.1', '6.12', '5.10-full', '6.1-full', '6.12-full']))
  await expect(findKernel('6.21')).rejects.toMatchObject({ code: 'NETWRIGHT_UNKNOWN_KERNEL' })
  await expect(findKernel('6.1-ful')).rejects.toThrow('Did you mean "6.1-full"?')
})

test('a guest gets network modules and what they need, and none for hardware', () => {
  const dep = readModulesDep(
    [
      'kernel/drivers/net/ipvlan/ipvtap.ko: kernel/drivers/net/ipvlan/ipvlan.ko kernel/drivers/net/tap.ko',
      'kernel/drivers/net/ipvlan/ipvlan.ko:',
      'kernel/drivers/net/tap.ko.xz:',
      'kernel/drivers/net/tap.ko:',
      'kernel/drivers/net/veth.ko: kernel/drivers/misc/odd.ko',
      'kernel/drivers/misc/odd.ko:',
      'kernel/drivers/net/ethernet/broadcom/tg3.ko: kernel/drivers/net/phy/libphy.ko',
      'kernel/drivers/gpu/drm/drm.ko:',
      'kernel/net/bluetooth/bluetooth.ko:',
      '',
    ].join('\n'),
  )
  expect(chooseModules(dep)).toEqual([
    'kernel/drivers/net/ipvlan/ipvtap.ko',
    'kernel/drivers/net/ipvlan/ipvlan.ko',
    'kernel/drivers/net/tap.ko',
    'kernel/drivers/net/tap.ko.xz',
    'kernel/drivers/net/veth.ko',
    'kernel/drivers/misc/odd.ko',
  ])
})

test('reads ldd: libraries and the loader, neither the virtual one nor what is missing', () => {
  const text = [
    '/usr/bin/ip:',
    '\tlinux-vdso.so.1 (0x00007ffc)',
    '\tlibelf.so.1 => /lib/x86_64-linux-gnu/libelf.so.1 (0x00007f0a)',
    '\tlibgone.so => not found',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f0b)',
    '\tnot a dynamic executable',
  ].join('\n')
  expect(readLdd(text)).toEqual(['/lib/x86_64-linux-gnu/libelf.so.1', '/lib64/ld-linux-x86-64.so.2'])
})

test('packs an archive with the folders that its files need, the same bytes each time', () => {
  const entries = [
    { kind: 'file', path: '/usr/bin/tool', bytes: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
    { kind: 'link', path: '/bin', target: 'usr/bin' },
    { kind: 'folder', path: '/tmp', mode: 0o1777 },
  ] as const
  const archive = packNewc(entries)
  expect(archive.length % 512).toBe(0)
  expect(packNewc(entries).equals(archive)).toBe(true)
  const names = [...archive.toString('latin1').matchAll(/070701[0-9a-f]{104}([^\0]+)\0/g)].map(([, name]) => name)
  expect(names).toEqual(['usr', 'usr/bin', 'usr/bin/tool', 'bin', 'tmp', 'TRAILER!!!'])
  expect(archive.toString('latin1', 6 + 8, 6 + 16)).toBe('000041ed')
})

test('reads a file back from an archive', () => {
  const archive = packNewc([
    { kind: 'file', path: '/a/one', bytes: Buffer.from('1') },
    { kind: 'file', path: '/a/three', bytes: Buffer.from('333') },
  ])
  expect(readFromNewc(archive, '/a/three')?.toString()).toBe('333')
  expect(readFromNewc(archive, '/a/two')).toBeUndefined()
})

test.each([
  ['6.1', { kernel: { kind: 'catalogue', name: '6.1' }, parameters: [] }],
  ['host', { kernel: { kind: 'host' }, parameters: [] }],
  ['6.1?ipv6.disable=1&quiet', { kernel: { kind: 'catalogue', name: '6.1' }, parameters: ['ipv6.disable=1', 'quiet'] }],
  [vmNameOfFile('/a/b?z%'), { kernel: { kind: 'file', file: '/a/b?z%' }, parameters: [] }],
  [
    vmNameOfFile('/a/bzImage', '/m&m'),
    { kernel: { kind: 'file', file: '/a/bzImage', modules: '/m&m' }, parameters: [] },
  ],
])('reads the name of a VM: %s', (name, read) => {
  expect(readVmName(name)).toEqual(read)
})

test('reads the link types of a kernel from what depmod and the kernel’s build say', () => {
  const tables = [
    'alias rtnl-link-ipvlan ipvlan',
    'alias devname:net/tun tun',
    'veth.alias=rtnl-link-veth\0veth.license=GPL',
  ]
  expect(readLinkTypes(tables.join('\n'))).toEqual(['ipvlan', 'tun', 'veth'])
})

test('names the options that a kernel lacks to be a guest', () => {
  const on =
    'BLK_DEV_INITRD BINFMT_ELF BINFMT_SCRIPT PROC_FS SYSFS DEVTMPFS TMPFS TTY SERIAL_8250_CONSOLE PCI NET UNIX NET_NS PID_NS IPC_NS'
  const config = (values: string) =>
    `${on
      .split(' ')
      .map((name) => `CONFIG_${name}=y\n`)
      .join('')}CONFIG_PACKET=y\nCONFIG_INET=y\n${values}`
  const drivers = 'CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_CONSOLE=m\nCONFIG_VETH=y\nCONFIG_BRIDGE=y\n'
  expect(lackingOptions(config(drivers), true)).toEqual([])
  expect(lackingOptions(config(drivers), false)).toEqual([
    'CONFIG_VIRTIO_PCI (a module, and there are none)',
    'CONFIG_VIRTIO_CONSOLE (a module, and there are none)',
  ])
  expect(lackingOptions(config(drivers).replace('CONFIG_NET_NS=y', '# CONFIG_NET_NS is not set'), true)).toEqual([
    'CONFIG_NET_NS',
  ])
})
