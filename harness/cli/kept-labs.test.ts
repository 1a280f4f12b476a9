import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { KeptLab } from '../suite/keep-lab.ts'
import { openKeptLabs } from './kept-labs.ts'

const lab: KeptLab = { suite: 'mine', scenario: 'a reaches b', enter: { a: 'nsenter …' } }

/** What waits for labs, what it was told of, and a process that speaks to it. */
async function waiting() {
  const told: KeptLab[] = []
  const labs = await openKeptLabs((one) => told.push(one))
  onTestFinished(() => labs.close())
  const [name = '', password = ''] = labs.socket.split(' ')
  const speak = (text: string) => {
    const socket = connect(`\0${name}`).on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    socket.resume().write(text)
    return socket
  }
  return { told, labs, speak, password }
}

test.each([
  ['what is no lab', '{\n'],
  ['a lab of its own', `${JSON.stringify(lab)}\n`],
  ['a guess', `${'0'.repeat(64)}\n${JSON.stringify(lab)}\n`],
])('a stranger that sends %s is told of to nobody, and takes no place', async (_, text) => {
  const { told, speak, password } = await waiting()
  await once(speak(text), 'close')
  expect(told).toEqual([])
  speak(`${password}\n${JSON.stringify(lab)}\n`)
  await expect.poll(() => told).toEqual([lab])
})

test('a stranger that says nothing takes no place', async () => {
  const { told, speak, password } = await waiting()
  speak('')
  speak(`${password}\n${JSON.stringify(lab)}\n`)
  await expect.poll(() => told).toEqual([lab])
})

test('the first lab is kept until it is let go, and no other', async () => {
  const { told, labs, speak, password } = await waiting()
  const first = speak(`${password}\n${JSON.stringify(lab)}\n`)
  await expect.poll(() => told).toHaveLength(1)
  await once(speak(`${password}\n${JSON.stringify(lab)}\n`), 'close')
  expect(first.closed).toBe(false)
  labs.release()
  await once(first, 'close')
  expect(told).toHaveLength(1)
})
