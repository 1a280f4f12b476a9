import type { Hosts } from 'netwright'

/** Waits for one datagram and prints whom it is from. */
const receiver = `
use Socket;
socket(my $udp, AF_INET, SOCK_DGRAM, 0) or die "socket: $!";
bind($udp, pack_sockaddr_in(9999, INADDR_ANY)) or die "bind: $!";
print STDERR "ready\\n";
vec(my $ready = "", fileno($udp), 1) = 1;
select($ready, undef, undef, 10) or die "no datagram within 10 s\\n";
my (undef, $address) = unpack_sockaddr_in(recv($udp, my $text, 100, 0));
print inet_ntoa($address), "\\n";
`

/** By which address pod2 on node2 sees what pod1 on node1 sends it: with NAT on the way it is not the Pod's own. */
export async function pod1SeenAs({ node1, node2 }: Pick<Hosts<'node1' | 'node2'>, 'node1' | 'node2'>): Promise<string> {
  const receiving = node2.$`ip netns exec pod2 perl -e ${receiver}`
  await new Promise<void>((resolve) => {
    receiving.stderr.once('data', () => {
      resolve()
    })
    receiving.then(
      () => {
        resolve()
      },
      () => {
        resolve()
      },
    )
  })
  await node1.$`ip netns exec pod1 bash -c ${'echo > /dev/udp/10.244.2.2/9999'}`
  return (await receiving).stdout.trim()
}
