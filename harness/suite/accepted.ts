import type { ProcessPromise } from 'zx'
import { NetwrightError } from '../model/errors.ts'
import type { Found } from './plan.ts'

/**
 * Finds out whether a command is accepted, for a finding. A command can fail for many reasons, so that a refusal counts
 * only in the words for it: one that fails otherwise is an error, and the finding holds neither way.
 *
 * @param command - as typed on a host; it need not be `nothrow`
 * @param refusal - what its error output says when it is refused as meant
 * @throws NETWRIGHT_REFUSED_OTHERWISE with what it said
 *
 * @example
 * .finding(
 *   'eth0 can have a macvlan child beside its ipvlan children',
 *   ({ hosts: { host } }) => accepted(host.$`ip link add link eth0 name mac1 type macvlan`, /Device or resource busy/),
 *   { expected: false },
 * )
 */
export async function accepted(command: ProcessPromise, refusal: RegExp): Promise<Found> {
  const { exitCode, signal, stderr } = await command.nothrow()
  const said = stderr.trim().replaceAll('\n', ' ')
  if (exitCode === 0) return { holds: true, found: 'it is accepted' }
  if (exitCode !== null && refusal.test(said)) return { holds: false, found: said }
  const end = exitCode === null ? String(signal) : `exit code ${exitCode}`
  throw new NetwrightError(
    'NETWRIGHT_REFUSED_OTHERWISE',
    `The command ended with ${end}, not with ${String(refusal)}`,
    {
      command: command.cmd,
      stderr: said === '' ? '(nothing)' : said,
      next: 'See whether the lab is what the finding takes for granted. Where kernels say it in different words, let the pattern fit them.',
    },
  )
}
