import { expect, test } from 'vitest'
import { checkArguments } from './arguments.ts'
import { labCommand } from './lab-command.ts'
import { terminal } from './terminal.ts'

const lab = async (...words: string[]) =>
  labCommand.run({ args: checkArguments('lab', words, labCommand.args), terminal: terminal([]) })

test.each([
  [['--print'], '--print'],
  [['--on', 'vm:6.1'], '--on'],
  [['--host', 'a', '--ns', 'ns1'], '--host and --ns'],
  [['macvlan-bridge', '--exec', 'true'], 'a topology'],
  [['pair', '--on', 'local', '--ns', 'a/ns1', '--print'], 'a topology, --ns, --on and --print'],
])('a kept lab is as it is: --enter with %j is refused', async (words, named) => {
  await expect(lab('--enter', '1-abcd:a', ...words)).rejects.toMatchObject({
    code: 'NETWRIGHT_USAGE',
    message: expect.stringContaining(`--enter enters a lab that there is, and ${named} `) as string,
  })
})

test('a shell in a kept lab needs a terminal, and what can be done without one is said', async () => {
  const problem = (await lab('--enter', '1-abcd:a').catch((error: unknown) => error)) as Error
  expect(problem.message).toContain('a shell needs a terminal')
  expect(problem.message).toContain('Give a command with --exec.')
  expect(problem.message).not.toContain('--print')
})

test.each(['1', '1:a', 'a', '1-abcd', '-abcd:a'])('--enter %s names no kept lab', async (name) => {
  const problem = lab(`--enter=${name}`, '--exec', 'true')
  await expect(problem).rejects.toMatchObject({ code: 'NETWRIGHT_USAGE' })
  await expect(problem).rejects.toThrow(/names no kept lab|needs a value/)
})

test('the help names every machine that can be asked for', () => {
  const { on } = labCommand.args
  for (const name of ['local', 'auto', 'container', 'vm:KERNEL', 'vagrant:BOX'])
    expect(on?.description).toMatch(new RegExp(`\\b${name}\\b`))
})
