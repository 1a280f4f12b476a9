import type { Evidence, Findings } from '../model/evidence.ts'
import { findNamespace, holderOf } from '../model/graph.ts'
import { runIn } from './ask.ts'
import type { Prober } from './prober.ts'

/**
 * Looks through the open files of every process for a device's tap. It is known by its number, which sysfs shows in the
 * device's own namespace alone; its name, /dev/tapN, is by an interface index that two namespaces may both have.
 */
const lookForTap = `
my ($numbers) = grep { -e } map { glob("/run/class/net/$ARGV[0]/$_/dev") } "tap*", "macvtap/tap*";
open(my $sys, "<", $numbers // "/none") or die "no tap of $ARGV[0]: $!";
my ($major, $minor) = split /[:\\n]/, <$sys>;
for (glob "/proc/[0-9]*/fd/*") {
    my $number = (stat)[6] // next;
    next unless -c _;
    next unless ($number >> 8 & 0xfff) == $major && ($number & 0xff | $number >> 12 & 0xfff00) == $minor;
    print "open"; exit;
}
print "closed";
`

/** Whether a process has the tap of the target's macvtap open: while it has, the target's stack hears nothing. */
export async function isTapOpen(prober: Prober, { probe }: Evidence): Promise<Pick<Findings, 'tapOpen' | 'unknown'>> {
  const ns = probe.owner === undefined ? undefined : findNamespace(prober.graph, probe.owner)
  const dev = ns && holderOf(ns, probe.address)
  if (ns === undefined || dev?.kind !== 'macvtap') return {}
  const script = 'mount -t sysfs none /run && exec perl -e "$0" "$1"'
  const done = await runIn(prober, ns.id, ['unshare', '-m', 'sh', '-c', script, lookForTap, dev.name])
  const said = done?.stdout.toString()
  if (done?.code !== 0 || (said !== 'open' && said !== 'closed'))
    return {
      unknown: [
        `nobody can tell whether the tap of ${ns.id} ${dev.name} is open: unshare and perl cannot be run there`,
      ],
    }
  return { tapOpen: said === 'open' }
}
