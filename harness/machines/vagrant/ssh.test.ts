import { expect, test } from 'vitest'
import { isRefusal, readSshConfig } from './ssh.ts'

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
