import type { Host } from 'netwright'

/** Two raw CAN sockets (linux/can.h): one sends identifier 0x123 with three bytes, the other prints what it reads. */
const script = `
use Socket; my ($index) = @ARGV;
my $address = pack("S x2 i x16", 29, $index); # PF_CAN, the device
my ($from, $to);
for my $end (\\$from, \\$to) {
  socket($$end, 29, SOCK_RAW, 1) or die "socket: $!"; # CAN_RAW
  bind($$end, $address) or die "bind: $!";
}
syswrite($from, pack("L C x3 a8", 0x123, 3, "net")) == 16 or die "write: $!";
vec(my $ready = "", fileno($to), 1) = 1;
select($ready, undef, undef, 5) or die "no frame within 5 s\\n";
sysread($to, my $frame, 16) or die "read: $!";
my ($id, $length, $data) = unpack("L C x3 a8", $frame);
printf "%x#%s\\n", $id, unpack("H*", substr($data, 0, $length));
`

/** Sends a frame on a CAN device and prints what comes in as `ID#DATA`. */
export async function sendCanFrame($: Host['$'], device: string) {
  const index = (await $`ip -o link show ${device}`).stdout.split(':')[0] ?? ''
  return $({ nothrow: true })`perl -e ${script} ${index}`
}
