# A terminal at the far end of a channel: runs a command in a pty of its own and carries its bytes.
#
#   terminal.pl ARCH ROWS COLUMNS COMMAND...
#
# Its stdin is frames as the agent's:  u32 length of the rest | u8 type | u32 id | payload      (big endian)
#   d  what was typed
#   w  a new size: u16 rows | u16 columns
# Its stdout is what the terminal shows. It exits as the command does, and the command is hung up when it ends.
# No module is loaded, as in the agent.
use strict;
no warnings;

my ($arch, $rows, $columns, @argv) = @ARGV;
my $SETSID = { x86_64 => 112, aarch64 => 157 }->{$arch} or die "terminal: no system call numbers for $arch\n";
# ioctl_tty(2), as asm-generic has them.
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSWINSZ, $TIOCSCTTY) = (0x40045431, 0x80045430, 0x5414, 0x540e);
my ($O_RDWR, $O_NOCTTY) = (2, 0x100);

sysopen(my $master, '/dev/ptmx', $O_RDWR | $O_NOCTTY) or die "terminal: /dev/ptmx: $!\n";
my ($unlocked, $number) = (pack('i', 0), pack('I', 0));
ioctl($master, $TIOCSPTLCK, $unlocked) && ioctl($master, $TIOCGPTN, $number) or die "terminal: $!\n";
my $name = '/dev/pts/' . unpack('I', $number);
sysopen(my $slave, $name, $O_RDWR | $O_NOCTTY) or die "terminal: $name: $!\n";
sub resize { my $size = pack('S4', @_[0, 1], 0, 0); ioctl($master, $TIOCSWINSZ, $size) }
resize($rows, $columns);

my $pid = fork;
die "terminal: fork: $!\n" unless defined $pid;
if (!$pid) {
    close $master;
    # In a new session, whose terminal this is: Ctrl-C and job control are the command's own. The agent had made this a
    # process group of its own, whose leader cannot do that; a child can.
    syscall($SETSID);
    ioctl($slave, $TIOCSCTTY, 0);
    open(STDIN, '<&', $slave); open(STDOUT, '>&', $slave); open(STDERR, '>&', $slave);
    close $slave;
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD);
    { exec { $argv[0] } @argv }
    print STDERR "$argv[0]: $!\r\n";
    exit 127;
}
close $slave;
$SIG{PIPE} = 'IGNORE';

sub out {
    my ($to, $bytes) = @_;
    while (length $bytes) {
        my $n = syswrite $to, $bytes;
        if (defined $n) { substr($bytes, 0, $n) = ''; next }
        last unless $! == 11 || $! == 4;
        # EAGAIN: what is typed waits until somebody reads it.
        my $waits = '';
        vec($waits, fileno $to, 1) = 1;
        select undef, $waits, undef, 1;
        return unless kill 0, $pid;
    }
}

my ($inbox, $status) = ('', undef);
sub reap { my ($how) = @_; $status = $? if !defined $status && waitpid($pid, $how) == $pid }
# A signal may come just before select() and not end it: hence the second.
$SIG{CHLD} = sub { local $?; reap(1) };
my ($O_NONBLOCK, $typing) = (0x800, 1);
fcntl($master, 4, fcntl($master, 3, 0) | $O_NONBLOCK);
my $EAGAIN = 11;

# EIO of the terminal: nobody has its other side open any more.
sub show {
    for (;;) {
        my $n = sysread $master, my $shown, 65536;
        return defined $n ? 0 : $! == $EAGAIN unless $n;
        out(\*STDOUT, $shown);
    }
}

while (!defined $status) {
    my $waits = '';
    vec($waits, fileno STDIN, 1) = 1 if $typing;
    vec($waits, fileno $master, 1) = 1;
    if (select($waits, undef, undef, 1) <= 0) { reap(1); next }
    if (vec($waits, fileno $master, 1) && !show()) { reap(0); last }
    next unless $typing && vec($waits, fileno STDIN, 1);
    if (!sysread STDIN, $inbox, 65536, length $inbox) { $typing = 0; kill 'HUP', $pid; next }
    while (length $inbox >= 9) {
        my ($length, $type) = unpack 'Na', $inbox;
        last if length $inbox < 4 + $length;
        my $payload = substr $inbox, 9, $length - 5;
        substr($inbox, 0, 4 + $length) = '';
        if ($type eq 'd') { out($master, $payload) }
        elsif ($type eq 'w') { resize(unpack 'n2', $payload) }
    }
}
show();
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
