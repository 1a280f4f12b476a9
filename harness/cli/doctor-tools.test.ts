import { expect, test } from 'vitest'
import { findTools } from './doctor-tools.ts'

const getOf = (osRelease: string, isRoot = false) =>
  Object.fromEntries(findTools({ folders: ['/nonexistent'], osRelease, isRoot }).map(({ name, get }) => [name, get]))

test('a missing tool comes with the command of the distribution', () => {
  expect(getOf('ID=debian\n')).toMatchObject({
    ping: 'sudo apt-get install -y iputils-ping',
    ip: 'sudo apt-get install -y iproute2',
  })
  expect(getOf('ID="rocky"\nID_LIKE="rhel centos fedora"\n')).toMatchObject({ ip: 'sudo dnf install -y iproute' })
  expect(getOf('ID=alpine\n', true)).toMatchObject({ ss: 'apk add iproute2-ss', unshare: 'apk add util-linux-misc' })
})

test('an unknown distribution gets the name of the package', () => {
  expect(getOf('ID=plan9\n')['ping']).toBe('install the package iputils-ping (its name in Debian)')
})

test('a tool that is there says where', () => {
  const tools = findTools({ folders: ['/nonexistent', '/bin', '/usr/bin'], osRelease: '', isRoot: true })
  expect(tools.find(({ name }) => name === 'bash')?.path).toMatch(/\/bin\/bash$/)
})
