import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isRefusal, openMaster, readSshConfig } from './ssh.ts'

// As Vagrant 2.3.4 printed it for two boxes; the second block is one of VirtualBox, whose paths are quoted.
const printed = `Host node1
  HostName 192.168.121.26
  User root
  Port 22
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile /cache/boxes/debian12/key
  IdentitiesOnly yes
  LogLevel FATAL

Host node2
  HostName 127.0.0.1
  User vagrant
  Port 2222
  IdentityFile "/home/some one/.vagrant/key"

`

test('reads how each node is reached', () => {
  expect(readSshConfig(printed, (node) => `/run/${node}`)).toEqual([
    {
      node: 'node1',
      host: '192.168.121.26',
      port: '22',
      user: 'root',
      key: '/cache/boxes/debian12/key',
      socket: '/run/node1',
    },
    {
      node: 'node2',
      host: '127.0.0.1',
      port: '2222',
      user: 'vagrant',
      key: '/home/some one/.vagrant/key',
      socket: '/run/node2',
    },
  ])
})

test.each([
  ['root@192.168.121.26: Permission denied (publickey,password).', true],
  ['sudo: a password is required', true],
  ['sh: 1: sudo: not found', true],
  ['mkdir: cannot create directory ‘/run/netwright’: Permission denied', true],
  [
    'unix_listener: path "/very/long/vagrant/runs/rXXXXXX/node1.H68stYggMVzz26Tu" too long for Unix domain socket',
    false,
  ],
  ['ssh: connect to host 192.168.121.26 port 22: No route to host', false],
  ['no answer within 60 s', false],
])('whether ssh was refused for who the user is: %s', (said, expected) => {
  expect(isRefusal(said)).toBe(expected)
})

test('a box without the programs is refused before the agent goes there, naming them', async () => {
  // The far end of this ssh is a shell that finds next to nothing.
  const folder = await mkdtemp(join(tmpdir(), 'netwright-ssh-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const program of ['env', 'sh', 'cat', 'grep']) {
    const file = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
    await symlink(file, join(folder, program))
  }
  await writeFile(join(folder, 'ssh'), '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
  await chmod(join(folder, 'ssh'), 0o755)
  const target = { node: 'node1', host: 'x', port: '22', user: 'root', key: '/key', socket: join(folder, 'socket') }
  await expect(openMaster(target, ['env', `PATH=${folder}`], 'vagrant:my-team/router')).rejects.toMatchObject({
    code: 'NETWRIGHT_VAGRANT',
    message: expect.stringMatching(
      /^The box lacks programs that labs need: perl, bash, .*ip of iproute2.*\n {2}where: vagrant:my-team\/router\n {2}next: Install them in the box/,
    ) as string,
  })
})
