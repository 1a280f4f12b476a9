interface Program {
  readonly name: string
  /** The project whose program it must be, and a command that only that one's takes: BusyBox has lesser ones of these names. */
  readonly of?: { readonly project: string; readonly knows: string }
}

/** Programs without which no lab runs. */
const needed: readonly Program[] = [
  { name: 'perl' },
  { name: 'bash' },
  {
    name: 'unshare',
    of: {
      project: 'util-linux',
      knows: 'unshare --net --ipc --mount --pid --fork --kill-child --mount-proc --help',
    },
  },
  { name: 'nsenter' },
  { name: 'mount' },
  { name: 'ip', of: { project: 'iproute2', knows: 'ip -j link show lo' } },
  // It prints its version, having taken the option.
  { name: 'ping', of: { project: 'iputils', knows: 'ping -M do -V' } },
  { name: 'cat' },
  { name: 'grep' },
]

const word = 'netwright: missing:'

/**
 * Lines for sh(1) that end it with 3, telling on its stderr what labs need and do not find. They need nothing but the shell.
 *
 * Whether a program does is found by having it take its options, which needs no right and changes nothing.
 */
export const neededCheck: string = [
  'missing=',
  'has() { command -v "$1" >/dev/null 2>&1 && { [ $# = 1 ] || { shift 2; "$@" >/dev/null 2>&1; }; }; }',
  ...needed.map(({ name, of }) =>
    of === undefined
      ? `has ${name} || missing="$missing, ${name}"`
      : `has ${name} ${of.project} ${of.knows} || missing="$missing, ${name} of ${of.project}"`,
  ),
  `[ -z "$missing" ] || { echo "${word} \${missing#, }" >&2; exit 3; }`,
].join('\n')

/**
 * What was missing, for people: `perl, ip of iproute2`.
 *
 * @param said - stderr of what ran {@link neededCheck}
 */
export function missingIn(said: string): string | undefined {
  const line = said.split('\n').find((one) => one.startsWith(word))
  return line?.slice(word.length).trim()
}
