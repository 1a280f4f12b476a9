import { NetwrightError } from '../model/errors.ts'

/** What a machine that would start anew for the next sandbox says once it has been disposed of. */
export function disposed(name: string): NetwrightError {
  return new NetwrightError('NETWRIGHT_CHANNEL_CLOSED', `The machine ${name} has been disposed of`, {
    next: 'Open sandboxes before `dispose`, or start another machine.',
  })
}
