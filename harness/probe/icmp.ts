import { randomBytes } from 'node:crypto'
import type { Outcome } from '../model/evidence.ts'
import type { ProbeSpec } from '../model/probe.ts'
import { FarEndError, type RemoteProcess, type RunOutput } from '../machines/channel/channel.ts'
import type { Attempt, Field } from './attempt.ts'
import { errnoInText } from './errno.ts'

/** Seconds that ping itself would wait; the evidence is complete long before. */
const pingBackstop = 2

/** iputils and busybox put the time of sending into the first bytes of the payload, before the pattern. */
const patternBytes = 8

/**
 * Sends one ICMP echo request with the machine's own `ping`, the tool that the documents type. The payload's
 * pattern is the probe's token, by which the request, the reply, and errors that quote it are known on the wire.
 */
export function attemptEcho(field: Field, spec: ProbeSpec): Attempt {
  const { lab } = field
  const token = randomBytes(patternBytes)
  const size = spec.protocol.kind === 'icmp' ? spec.protocol.size : undefined
  const mayFragment = spec.protocol.kind === 'icmp' && spec.protocol.dontFragment !== true
  // Left alone, ping forbids fragmentation as long as it knows no smaller path MTU.
  const fragment = size === undefined && mayFragment ? [] : ['-M', mayFragment ? 'dont' : 'do']
  const argv = [
    'ping',
    spec.family === 6 ? '-6' : '-4',
    '-n',
    '-c',
    '1',
    '-W',
    String(pingBackstop),
    '-p',
    token.toString('hex'),
    ...(size === undefined ? [] : ['-s', String(size)]),
    ...fragment,
    spec.address,
  ]
  const target = lab.namespaces.get(spec.from)
  let child: RemoteProcess | undefined
  let abandoned = false

  async function live(): Promise<Outcome> {
    if (target === undefined) return { kind: 'namespace-missing', text: `namespace ${spec.from} does not exist` }
    const startedAt = performance.now()
    let done: RunOutput
    try {
      done = await lab.channel.run(argv, {
        place: target.place,
        env: lab.machine.environment,
        timeoutMs: 10_000,
        onStarted: (started) => {
          child = started
          if (abandoned) started.kill('SIGKILL')
        },
      })
    } catch (error) {
      if (!(error instanceof FarEndError)) throw error
      const missing = error.errno === 2 && error.message.startsWith('ping')
      if (missing) return { kind: 'tool-missing', text: 'ping is not installed where the probe starts' }
      if (error.message.startsWith('namespace')) return { kind: 'namespace-missing', text: error.message }
      return { kind: 'failed', text: error.message }
    }
    const [stdout, stderr] = [done.stdout.toString(), done.stderr.toString()]
    const { code, signal } = done
    lab.journal.note({ host: spec.from, command: argv.join(' '), by: 'probe', code, signal, stdout, stderr, startedAt })
    if (!abandoned) return readPing(code, stdout, stderr)
    // ping goes on waiting after the stack refused what it sent.
    return refusal(stdout, stderr) ?? { kind: 'silence' }
  }
  return {
    spec,
    marks: { token },
    outcome: live(),
    abandon: () => {
      abandoned = true
      child?.kill('SIGKILL')
    },
  }
}

/**
 * What ping's exit code and words mean: 0 a reply came, 1 none came, 2 it could not send (ping(8)). Anything that
 * does not read like ping's own words is a failed prober, never a negative.
 */
export function readPing(code: number | null, stdout: string, stderr: string): Outcome {
  if (code === 0 && /\b1 (packets )?received/.test(stdout)) return { kind: 'reply' }
  const words = `${stderr}\n${stdout}`
  const refused = refusal(stdout, stderr)
  if ((code === 2 || code === 1) && refused !== undefined) return refused
  if (code === 1 && /\b0 (packets )?received/.test(stdout)) return { kind: 'silence' }
  return { kind: 'failed', text: `ping ended with ${String(code)}: ${words.trim()}` }
}

/** The errno with which the stack refused what ping sent, as ping words it. */
function refusal(stdout: string, stderr: string): Outcome | undefined {
  const tooLong = stdout.split('\n').find((line) => /message too long/i.test(line))
  const text = (stderr.trim() === '' ? tooLong : stderr)?.trim()
  if (text === undefined) return undefined
  // What iputils makes of EACCES: most often a broadcast address, here a route that prohibits.
  const errno = /do you want to ping broadcast/i.test(text) ? 'EACCES' : errnoInText(text)
  return errno === undefined ? undefined : { kind: 'errno', errno, text }
}
