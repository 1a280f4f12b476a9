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

my ($status, $EAGAIN, $EINTR) = (undef, 11, 4);
sub reap { my ($how) = @_; $status = $? if !defined $status && waitpid($pid, $how) == $pid }
# A signal may come just before select() and not end it: hence the second.
$SIG{CHLD} = sub { local $?; reap(1) };
my $O_NONBLOCK = 0x800;
for my $file ($master, \*STDOUT) { fcntl($file, 4, fcntl($file, 3, 0) | $O_NONBLOCK) }

# What was read of stdin, what was typed and what is to be shown wait here, so that none waits for another: who does not
# read what is typed may show something or be hung up, and the other way round.
my ($inbox, $typed, $shown) = ('', '', '');
# Of what is shown so much waits, and then the command does. What is typed is read always, since after it may come the
# end; beyond this much it is lost with a bell, as a terminal does it (IMAXBEL in termios(3)).
my ($SHOWN_MAX, $TYPED_MAX) = (1 << 18, 1 << 26);
my ($typing, $showing) = (1, 1);

# Writes what can be written now; false when nobody will ever read it.
sub put {
    my ($to, $bytes) = @_;
    while (length $$bytes) {
        my $n = syswrite $to, $$bytes;
        return $! == $EAGAIN || $! == $EINTR unless defined $n;
        substr($$bytes, 0, $n) = '';
    }
    return 1;
}

# EIO of the terminal: nobody has its other side open any more.
sub show {
    while (length $shown < $SHOWN_MAX) {
        my $n = sysread $master, $shown, 65536, length $shown;
        next if $n;
        $showing = 0 unless !defined $n && ($! == $EAGAIN || $! == $EINTR);
        return;
    }
}

sub obey {
    while (length $inbox >= 9) {
        my ($length, $type) = unpack 'Na', $inbox;
        last if length $inbox < 4 + $length;
        my $payload = substr $inbox, 9, $length - 5;
        substr($inbox, 0, 4 + $length) = '';
        if ($type eq 'w') { resize(unpack 'n2', $payload) }
        elsif ($type ne 'd') { next }
        elsif (length($typed) + length $payload > $TYPED_MAX) { $shown .= "\a" }
        else { $typed .= $payload }
    }
}

sub set { my ($file) = @_; my $set = ''; vec($set, fileno $file, 1) = 1; $set }

while (!defined $status) {
    my ($read, $write) = ('', '');
    $read |= set(\*STDIN) if $typing;
    $read |= set($master) if $showing && length $shown < $SHOWN_MAX;
    $write |= set($master) if length $typed;
    $write |= set(\*STDOUT) if length $shown;
    # Its other side may be opened again, by the name /dev/tty.
    if (select($read, $write, undef, 1) <= 0) { reap(1); $showing = 1; next }
    show() if vec($read, fileno $master, 1);
    if ($typing && vec($read, fileno STDIN, 1)) {
        my $n = sysread STDIN, $inbox, 65536, length $inbox;
        if ($n) { obey() }
        elsif (defined $n || $! != $EAGAIN && $! != $EINTR) { $typing = 0; $typed = ''; kill 'HUP', $pid }
    }
    $typed = '' unless put($master, \$typed);
    $shown = '' unless put(\*STDOUT, \$shown);
}
# The last that it showed, and no more: what it left in the background may show something for ever.
for my $last (0, 1) {
    show() if $last;
    while (length $shown) {
        my $write = set(\*STDOUT);
        select undef, $write, undef, undef;
        $shown = '' unless put(\*STDOUT, \$shown);
    }
}
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
