import { expect, test } from 'vitest'
import { boxCatalogue, findBox, readVagrantName, sessionMemory } from './box-catalogue.ts'

test('the catalogue has boxes of five distributions, and commands that install what public ones lack', async () => {
  const boxes = await boxCatalogue()
  const named = boxes.filter((box) => box.kind === 'named')
  const families = new Set(boxes.map(({ name }) => /^[a-z]+/.exec(name)?.[0]))
  expect(families).toEqual(new Set(['debian', 'ubuntu', 'alma', 'rocky', 'fedora']))
  expect(named.filter(({ install }) => !/iproute/.test(install))).toEqual([])
  expect(boxes.find(({ name }) => name === 'debian12')).toEqual({
    kind: 'built',
    name: 'debian12',
    suite: 'bookworm',
    memoryMiB: 384,
  })
})

test('a box has the memory that its distribution needs, most of all to install packages', async () => {
  const boxes = await boxCatalogue()
  const memory = Object.fromEntries(boxes.map(({ name, memoryMiB }) => [name, memoryMiB]))
  expect(memory).toMatchObject({ debian13: 384, 'debian12-public': 1024, 'ubuntu24.04': 1024 })
  expect(memory).toMatchObject({ alma9: 1536, rocky9: 1536, fedora41: 1536 })
  // Somebody's own may be any of them.
  expect(await findBox('my-team/router')).toMatchObject({ memoryMiB: 1024 })
})

test('what a user asks for decides, else what the box needs; both boxes of a session have the same', async () => {
  const memoryOf = async (...names: readonly string[]) => {
    const asked = names.map(readVagrantName)
    return sessionMemory(asked, await Promise.all(asked.map(({ box }) => findBox(box))))
  }
  expect(await memoryOf('debian12')).toBe(384)
  expect(await memoryOf('rocky9')).toBe(1536)
  expect(await memoryOf('rocky9?memory=2048')).toBe(2048)
  expect(await memoryOf('rocky9?memory=512')).toBe(512)
  expect(await memoryOf('debian12', 'alma9')).toBe(1536)
})

test('a name with a slash is Vagrant’s own, for any provider', async () => {
  expect(await findBox('my-team/router')).toMatchObject({
    kind: 'named',
    providers: { libvirt: 'my-team/router', virtualbox: 'my-team/router' },
    install: '',
  })
  await expect(findBox('debain12')).rejects.toMatchObject({
    code: 'NETWRIGHT_UNKNOWN_BOX',
    message: expect.stringContaining('Did you mean "debian12"?') as string,
  })
})

test('parameters stand after a question mark', () => {
  expect(readVagrantName('debian12')).toEqual({ box: 'debian12' })
  expect(readVagrantName('alma9?provider=virtualbox&memory=1024')).toEqual({
    box: 'alma9',
    provider: 'virtualbox',
    memoryMiB: 1024,
  })
  for (const [name, what] of [
    ['debian12?memory=lots', /memory=lots is no number of megabytes/],
    ['debian12?memory=64', /memory=64 is no number/],
    ['debian12?provider=hyperv', /there is no provider "hyperv"[^]*There are: libvirt, virtualbox, vmware_desktop/],
    ['debian12?cpus=2', /a box has no parameter "cpus"/],
  ] as const) {
    expect(() => readVagrantName(name)).toThrow(what)
  }
})
