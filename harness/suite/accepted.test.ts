import { expect, test } from 'vitest'
import { $ as zx, type ProcessPromise } from 'zx'
import { NetwrightError } from '../model/errors.ts'
import { accepted } from './accepted.ts'

// A shell of this machine stands for a host's: what counts is how a command ends.
const $ = zx({ quiet: true })
const busy = () => $`echo "RTNETLINK answers: Device or resource busy" >&2; exit 2`

test('a command that succeeds is accepted', async () => {
  expect(await accepted($`true`, /Device or resource busy/)).toEqual({ holds: true, found: 'it is accepted' })
})

test('one that fails with the words is refused, and they are what was found', async () => {
  expect(await accepted(busy(), /Device or resource busy$/)).toEqual({
    holds: false,
    found: 'RTNETLINK answers: Device or resource busy',
  })
})

test('one that fails for another reason says nothing of the kind', async () => {
  const problem = (command: ProcessPromise) =>
    accepted(command, /File exists/).catch((error: unknown) =>
      error instanceof NetwrightError ? error.message : error,
    )
  expect(await problem(busy())).toMatchInlineSnapshot(`
    "The command ended with exit code 2, not with /File exists/ [NETWRIGHT_REFUSED_OTHERWISE]
      command: echo "RTNETLINK answers: Device or resource busy" >&2; exit 2
      stderr: RTNETLINK answers: Device or resource busy
      next: See whether the lab is what the finding takes for granted. Where kernels say it in different words, let the pattern fit them."
  `)
  expect(await problem($`kill -9 $$`)).toContain('The command ended with SIGKILL, not with /File exists/')
  expect(await problem($`exit 2`)).toContain('stderr: (nothing)')
  expect(await problem($`netwright-no-such-command`)).toContain('command not found')
})
