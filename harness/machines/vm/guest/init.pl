# The guest's first process: mounts what a userland expects, loads the drivers of the channel, and becomes the agent
# on the virtio-serial port. When the agent ends, the kernel panics and QEMU ends with it: a guest never outlives
# its channel.
use strict;
no warnings;

my ($MOUNT, $UMOUNT, $MKNOD, $SETRLIMIT) = (165, 166, 133, 160);
my $MS_PLAIN = 0xe;    # nosuid, nodev, noexec
sub mount_at {
    my ($type, $target, $flags, $data) = @_;
    mkdir $target, 0755;
    $data = '' unless defined $data;
    syscall($MOUNT, $type, $target, $type, $flags, $data) == 0 or print STDERR "init: mount $type on $target: $!\n";
}
sub set { my ($path, $value) = @_; if (open(my $f, '>', $path)) { syswrite $f, $value } }

%ENV = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME => '/root', LC_ALL => 'C');
mount_at('proc', '/proc', $MS_PLAIN);
mount_at('sysfs', '/sys', $MS_PLAIN);
mount_at('devtmpfs', '/dev', 0x2, 'mode=755');
mount_at('devpts', '/dev/pts', 0xa, 'mode=620,ptmxmode=666');
mount_at('tmpfs', '/dev/shm', 0x6, 'mode=1777');
mount_at('tmpfs', '/run', 0x6, 'mode=755');
mount_at('tmpfs', '/tmp', 0x6, 'mode=1777');
symlink '/proc/self/fd', '/dev/fd';
symlink "/proc/self/fd/$_->[0]", "/dev/$_->[1]" for [0, 'stdin'], [1, 'stdout'], [2, 'stderr'];
# Opening the node loads the driver, as it does where udev made the node.
mkdir '/dev/net', 0755;
my $tun = '/dev/net/tun';
syscall($MKNOD, $tun, 020666, 10 << 8 | 200);
mkdir '/run/netns', 0755;
mkdir '/run/lock', 0755;

set('/proc/sys/kernel/hostname', 'netwright');
# Emulated processors are an order slower at starting programs when addresses differ each time.
set('/proc/sys/kernel/randomize_va_space', 0);
# Linux 7.2 sets a timer for each task that it switches to (HRTICK, kernel/sched/features.h), as those before it do not: an
# emulator's main loop has to wake up for each, and a command takes a fifth longer.
my ($debug, $debugfs, $none) = ('/sys/kernel/debug', 'debugfs', '');
if (syscall($MOUNT, $debugfs, $debug, $debugfs, $MS_PLAIN, $none) == 0) {
    set("$debug/sched/features", 'NO_HRTICK');
    syscall($UMOUNT, $debug, 0);
}
# The agent holds some descriptors for each command that runs.
my $files = pack('QQ', 65536, 65536);
syscall($SETRLIMIT, 7, $files);    # RLIMIT_NOFILE
# Else every tunnel module that one lab loads puts its sit0, tunl0, gre0 … into the namespaces of all others.
set('/proc/sys/net/core/fb_tunnels_only_for_init_net', 1);

system('modprobe', '-qa', 'virtio_pci', 'virtio_console') if !</sys/class/virtio-ports/*>;

my $deadline = time + 20;
my $port;
until (defined $port) {
    for my $name (</sys/class/virtio-ports/*/name>) {
        open(my $f, '<', $name) or next;
        my $line = <$f>;
        next unless $line =~ /^netwright$/;
        my ($device) = $name =~ m{virtio-ports/([^/]+)/};
        $port = "/dev/$device" if -e "/dev/$device";
    }
    last if defined $port;
    if (time > $deadline) {
        print STDERR "init: there is no virtio-serial port \"netwright\": the kernel lacks virtio_pci or virtio_console\n";
        exit 1;
    }
    select undef, undef, undef, 0.005;
}
# A port can be opened only once at a time.
open(STDIN, '+<', $port) && open(STDOUT, '>&', \*STDIN) or do { print STDERR "init: $port: $!\n"; exit 1 };
{ exec 'perl', '/netwright/agent.pl', 'x86_64' }
print STDERR "init: the agent cannot be started: $!\n";
exit 1;
