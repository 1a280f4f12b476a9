import { expect, test } from 'vitest'
import { leftoverLine, removeLeftovers, type Leftover } from './leftovers.ts'

test('what cannot be removed is told, and keeps nothing else from going', async () => {
  const gone: string[] = []
  const leftover = (name: string, remove: () => Promise<boolean>): Leftover => ({ kind: 'container', name, remove })
  const going = (name: string) =>
    leftover(name, () => {
      gone.push(name)
      return Promise.resolve(true)
    })
  const notes: string[] = []
  const stay = await removeLeftovers(
    [
      going('first'),
      leftover('refused', () => Promise.reject(new Error('device or resource busy'))),
      leftover('used', () => Promise.resolve(false)),
      leftover('strange', () => Promise.reject(new Error('socket hang up'))),
      going('last'),
    ],
    (text) => notes.push(text),
  )
  expect(gone).toEqual(['first', 'last'])
  expect(stay).toBe(3)
  expect(notes).toMatchInlineSnapshot(`
    [
      "container refused stays: device or resource busy",
      "container used is in use by now or cannot be removed, and stays.",
      "container strange stays: socket hang up",
      "2 of 5 removed",
    ]
  `)
})

test('a line says where a thing is when there is more than one place', () => {
  const one = { kind: 'image', name: 'a:1', bytes: 70e6, remove: () => Promise.resolve(true) }
  expect(leftoverLine(one)).toBe('image          a:1  70 MB')
  expect(leftoverLine({ ...one, place: 'unix:///run/docker.sock' })).toBe(
    'image          a:1  70 MB  at unix:///run/docker.sock',
  )
})
