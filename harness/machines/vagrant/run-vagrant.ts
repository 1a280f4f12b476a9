import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { diskFull, isFull, saysFull } from '../vm/room.ts'
import { runStep, type StepEnd } from './step.ts'
import { watchDisk } from './watch-disk.ts'
import { installCommand } from './vagrant-files.ts'

export interface VagrantCall {
  /** For errors: `machine vagrant:debian12`. */
  readonly machine: string
  readonly run: string
  readonly enter: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly limitMs: number
  readonly provider: string
}

/**
 * Runs one of Vagrant's commands with an outer deadline.
 *
 * @returns what it printed
 * @throws NETWRIGHT_TOOL_MISSING, NETWRIGHT_VAGRANT
 */
export async function runVagrant(args: readonly string[], call: VagrantCall): Promise<string> {
  const argv = [...call.enter, 'vagrant', ...args]
  const disk = watchDisk(call.run)
  const done = await runStep(argv, { limitMs: call.limitMs, env: call.environment, signal: disk.stuck })
  disk.stop()
  if (done.kind === 'done') return done.stdout
  if (disk.stuck.aborted || saysFull(done.said) || (await isFull(call.run).catch(() => false))) {
    throw diskFull(dirname(call.run), `Vagrant wrote to it (\`vagrant ${args.join(' ')}\`)`, {
      stderr: lastWords(done.said),
    })
  }
  throw vagrantError(args, done, call, await consoleTails(call))
}

/** What Vagrant’s words mean, and what cures it. */
function vagrantError(
  args: readonly string[],
  { kind, said }: Pick<StepEnd, 'kind' | 'said'>,
  { machine, limitMs, provider }: Pick<VagrantCall, 'machine' | 'limitMs' | 'provider'>,
  console: string,
): NetwrightError {
  const command = ['vagrant', ...args].join(' ')
  const stderr = [lastWords(said), console].join('\n').trim()
  const error = (what: string, next: string) =>
    new NetwrightError('NETWRIGHT_VAGRANT', what, { place: machine, command, stderr, next })
  if (kind === 'absent' || /vagrant.: No such file or directory/.test(said)) {
    return new NetwrightError('NETWRIGHT_TOOL_MISSING', 'A box needs Vagrant, and this machine has none', {
      place: machine,
      next: installCommand,
    })
  }
  if (/provider '[^']*' could not be found/.test(said)) {
    return new NetwrightError('NETWRIGHT_TOOL_MISSING', `Vagrant lacks the plugin for the provider ${provider}`, {
      place: machine,
      command,
      next:
        provider === 'libvirt'
          ? `${installCommand}; where Vagrant is HashiCorp’s: vagrant plugin install vagrant-libvirt`
          : `vagrant plugin install vagrant-${provider.replace('_', '-')}`,
    })
  }
  if (/isn't usable on this system|is reporting that it isn't usable/.test(said)) {
    return error(`This machine does not have what the provider ${provider} stands for`, 'Vagrant’s words are above.')
  }
  const seconds = limitMs / 1000
  if (kind === 'late' && said.trimEnd().endsWith('Waiting for domain to get an IP address...')) {
    return error(
      `The box got no address within ${seconds} s`,
      'It must ask for one by DHCP on its first network card; the end of its console is above, where there is one.',
    )
  }
  if (kind === 'late') return error(`Vagrant did not end within ${seconds} s`, 'What it said last is above.')
  if (/Timed out while waiting for the machine to boot/.test(said)) {
    return error('The box does not let Vagrant in by ssh', 'Its ssh must take the key that its Vagrantfile names.')
  }
  if (
    /could not be (found|downloaded)|couldn't be (accessed|downloaded)|An error occurred while downloading/.test(said)
  ) {
    return error('Vagrant cannot fetch the box', 'Add it from a file: `vagrant box add --name NAME FILE.box`.')
  }
  if (/doesn't support the provider|No matching provider/i.test(said)) {
    return error(`The box is not made for the provider ${provider}`, '`vagrant box list` shows for which one it is.')
  }
  return error(`\`${command}\` failed`, 'Vagrant’s words are above.')
}

/** The end of what Vagrant said, without its lists of settings. */
const lastWords = (said: string): string =>
  said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^==> \w+: {2}--/.test(line))
    .slice(-12)
    .join('\n')

/** The end of what the boxes wrote to their consoles, where these are kept. */
async function consoleTails({ run, environment }: VagrantCall): Promise<string> {
  if (environment['NETWRIGHT_CONSOLE'] === undefined) return ''
  const nodes = (environment['NETWRIGHT_BOX'] ?? '').split(',').map((_, i) => `node${String(i + 1)}`)
  const tails = await Promise.all(
    nodes.map(async (node) => {
      const text = await readFile(join(run, `${node}.console`), 'latin1').catch(() => '')
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      return lines.length === 0 ? [] : [`The console of ${node} ended with:`, ...lines.slice(-12)]
    }),
  )
  return tails.flat().join('\n')
}
