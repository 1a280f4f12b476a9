# The agent: the far end of a machine's channel.
#
# One process, one event loop, one byte stream (stdin/stdout) that carries many concurrent
# commands, packet captures and socket probes. Perl, because perl-base is on every Debian and
# Ubuntu, starts in 2 ms, and can enter namespaces and open packet sockets without a compiler.
# No module is loaded: an initramfs needs nothing but the perl binary.
#
# Frame, both ways:  u32 length of the rest | u8 type | u32 id | payload      (big endian)
# Payload of requests and of most answers:   a list of strings, each u32 length + bytes.
#
# The agent lives exactly as long as its stdin: at end of file it kills what it started and
# exits. In a sandbox it is PID 1 of a PID namespace, so the kernel kills the rest.
use strict;
use integer;
no warnings;

my $ARCH = @ARGV ? shift @ARGV : 'x86_64';
my %SYSCALLS = (
    x86_64  => { unshare => 272, setns => 308, mount => 165, setsid => 112, close => 3, sigprocmask => 14, signalfd => 289, clock_gettime => 228 },
    aarch64 => { unshare => 97,  setns => 268, mount => 40,  setsid => 157, close => 57, sigprocmask => 135, signalfd => 74, clock_gettime => 113 },
);
my $NR = $SYSCALLS{$ARCH} or do { print STDERR "agent: no system call numbers for $ARCH\n"; exit 70 };
my ($CLONE_NEWNS, $CLONE_NEWIPC, $CLONE_NEWPID, $CLONE_NEWNET) = (0x20000, 0x8000000, 0x20000000, 0x40000000);
my ($MS_REC, $MS_PRIVATE, $MS_NOSUID_NODEV_NOEXEC) = (0x4000, 0x40000, 0xe);
my ($ENOENT, $EINTR, $EAGAIN, $EINPROGRESS) = (2, 4, 11, 115);
my ($AF_UNIX, $AF_INET, $AF_INET6, $AF_NETLINK, $AF_PACKET) = (1, 2, 10, 16, 17);
my ($SOCK_STREAM, $SOCK_DGRAM, $SOCK_RAW) = (1, 2, 3);
my ($SOL_SOCKET, $SO_REUSEADDR, $SO_ERROR, $SO_BROADCAST, $SO_BINDTODEVICE) = (1, 2, 4, 6, 25);
my ($SOL_PACKET, $PACKET_STATISTICS) = (263, 6);
my $SIOCGSTAMPNS = 0x8907;
my ($O_NONBLOCK, $O_CLOEXEC) = (0x800, 0x80000);
my ($SIG_BLOCK, $SIG_SETMASK) = (0, 2);
my $HIGH_WATER = 4 << 20;    # stop reading from commands while this much waits for the harness
my $STDIN_WINDOW = 1 << 18;  # bytes of a command's stdin that may be under way

$SIG{PIPE} = 'IGNORE';
$SIG{INT} = $SIG{HUP} = $SIG{TERM} = 'IGNORE';
# The end of a command is read from a file descriptor. A handler would interrupt system calls (a spawn that failed would
# look started, a neighbour table short), and could run just before select() and leave it waiting.
my $SIGCHLD_SET = pack('Q', 1 << 16);
my $NO_SIGNALS = pack('Q', 0);
syscall($NR->{sigprocmask}, $SIG_BLOCK, $SIGCHLD_SET, 0, 8);
binmode STDIN; binmode STDOUT;
my ($CHILD_ENDS, $HOME_NET);
sub open_own {
    my $fd = syscall($NR->{signalfd}, -1, $SIGCHLD_SET, 8, $O_NONBLOCK | $O_CLOEXEC);
    if ($fd < 0) { print STDERR "agent: signalfd: $!\n"; exit 70 }
    open($CHILD_ENDS, '<&=', $fd);
    open($HOME_NET, '<', '/proc/self/ns/net');
}
open_own();

my $inbox = ''; my $outbox = '';
my %procs;      # id => { pid, in, inbuf, ineof, out, err, deadline, status, timedout }
my %by_pid;     # pid => id
my %captures;   # id => { sock, nr, dropped }
my %sockets;    # id => { sock, kind, state, token, deadline }
my %conns;      # fileno => { sock, of } connections accepted by a listener
my %holders;    # pid => id, namespaces of hosts
my %births;     # id => { pipe, said } sandboxes that are being made
# What the loop waits for. A lab has dozens of sockets: the list is made again only when it has changed.
my ($waits_rd, $waits_wr, %read, %write);
my $changed = 1;
my $crowd = 0;    # how much waits for the harness: 1 stops reading from commands, 2 from captures as well

# --- frames ----------------------------------------------------------------------------------
sub put { my ($type, $id, $payload) = @_; $outbox .= pack('NaN', 5 + length $payload, $type, $id) . $payload }
sub answer { my ($type, $id, @strings) = @_; put($type, $id, pack('(N/a*)*', @strings)) }
# The clock of captured frames' time stamps: seconds and nanoseconds since the epoch.
sub clock_now { my $ts = "\0" x 16; syscall($NR->{clock_gettime}, 0, $ts); return unpack 'qq', $ts }
sub now { open(my $f, '<', '/proc/uptime') or return time; my $l = <$f>; no integer; return $l + 0 }

# --- namespaces ------------------------------------------------------------------------------
# Runs code with the agent's thread inside another network namespace. Sockets opened in there
# stay there for good, which is how one process watches every namespace of a lab.
sub in_netns {
    my ($path, $code) = @_;
    return $code->() if $path eq '';
    open(my $fd, '<', $path) or return (undef, "$!", $! + 0);
    if (syscall($NR->{setns}, fileno $fd, $CLONE_NEWNET) != 0) { return (undef, "setns $path: $!", $! + 0) }
    my @r = eval { $code->() };
    my $died = $@;
    if (syscall($NR->{setns}, fileno $HOME_NET, $CLONE_NEWNET) != 0) { print STDERR "agent: cannot return from $path: $!\n"; exit 71 }
    die $died if $died ne '';
    return @r;
}
sub mount_at {
    my ($source, $target, $type, $flags, $data) = @_;
    $data = '' unless defined $data;
    return syscall($NR->{mount}, $source, $target, $type, $flags, $data) == 0;
}

# A host: a process that holds a network and a mount namespace of its own. /run is a private
# tmpfs, so `ip netns add` works as printed and two hosts may both have an "ns1".
sub make_host {
    my ($id) = @_;
    pipe(my $r, my $w) or return answer('f', $id, "pipe: $!", $! + 0);
    my $pid = fork;
    return answer('f', $id, "fork: $!", $! + 0) unless defined $pid;
    if (!$pid) {
        close $r;
        my $fail = sub { syswrite $w, "$_[0]: $!"; exit 1 };
        syscall($NR->{setsid});
        syscall($NR->{unshare}, $CLONE_NEWNET | $CLONE_NEWNS) == 0 or $fail->('unshare');
        mount_at('none', '/', 'none', $MS_REC | $MS_PRIVATE) or $fail->('mount --make-rprivate /');
        mount_at('tmpfs', '/run', 'tmpfs', 0x6, 'mode=755') or $fail->('mount tmpfs on /run');
        mkdir '/run/netns', 0755 or $fail->('mkdir /run/netns');
        mkdir '/run/lock', 0755;
        mount_at('sysfs', '/sys', 'sysfs', $MS_NOSUID_NODEV_NOEXEC) or $fail->('mount sysfs on /sys');
        syswrite $w, 'ok';
        # Held pipe ends would keep other commands' streams open.
        opendir(my $fds, '/proc/self/fd');
        my @held = grep { /^\d+$/ } readdir $fds;
        closedir $fds;
        syscall($NR->{close}, $_ + 0) for @held;
        $SIG{TERM} = 'DEFAULT';
        sleep 86400 while 1;
    }
    close $w;
    $holders{$pid} = { id => $id, pipe => $r, said => '' };
}

# --- sandboxes -------------------------------------------------------------------------------
# sandbox: [abstract name of a socket, password]. A copy of this process, PID 1 of namespaces of its own, which speaks over a
# connection of its own: neither is perl started nor this program read again. Whoever waits for the connection knows it
# by the password.
sub start_sandbox {
    my ($id, $name, $password) = @_;
    pipe(my $r, my $w) or return answer('f', $id, "pipe: $!", $! + 0);
    my $pid = fork;
    return answer('f', $id, "fork: $!", $! + 0) unless defined $pid;
    if ($pid) {
        close $w;
        $births{$id} = { pipe => $r, said => '' };
        return;
    }
    my $fail = sub { my ($what, $e) = ($_[0], $! + 0); syswrite $w, pack('(N/a*)*', "$what: $!", $e); exit 70 };
    socket(my $line, $AF_UNIX, $SOCK_STREAM, 0) or $fail->('socket');
    connect($line, pack('S', $AF_UNIX) . "\0$name") or $fail->('connect');
    syscall($NR->{unshare}, $CLONE_NEWNET | $CLONE_NEWIPC | $CLONE_NEWNS | $CLONE_NEWPID) == 0 or $fail->('unshare');
    my $inner = fork;
    $fail->('fork') unless defined $inner;
    if ($inner) { syswrite $w, "ok $inner\n"; kill 9, $$ }
    syscall($NR->{setsid});
    mount_at('none', '/', 'none', $MS_REC | $MS_PRIVATE) or $fail->('mount --make-rprivate /');
    mount_at('proc', '/proc', 'proc', $MS_NOSUID_NODEV_NOEXEC) or $fail->('mount proc on /proc');
    open(STDIN, '<&', $line); open(STDOUT, '>&', $line);
    # Nothing of the first agent's stays open: it would keep the streams of its commands from ending.
    close $_ for $r, $line, $CHILD_ENDS, $HOME_NET;
    (%read, %write, %procs, %by_pid, %captures, %sockets, %conns, %holders, %births) = ();
    opendir(my $fds, '/proc/self/fd');
    my @held = grep { /^\d+$/ && $_ > 2 && $_ != fileno $w } readdir $fds;
    closedir $fds;
    syscall($NR->{close}, $_ + 0) for @held;
    open_own();
    close $w;
    ($inbox, $outbox, $changed) = ('', $password, 1);
    eval { serve() };
    print STDERR "agent: $@";
    exit 70;
}
sub born {
    my ($id) = @_;
    my $said = delete($births{$id})->{said};
    $changed = 1;
    return put('f', $id, $said) unless $said =~ s/^ok (\d+)\n//;
    my $pid = $1;
    return put('f', $id, $said) if $said ne '';
    return answer('f', $id, 'the sandbox ended at once', 3) unless kill 0, $pid;    # its end was read before this
    $procs{$id} = { pid => $pid };
    $by_pid{$pid} = $id;
    answer('s', $id, $pid);
}

# --- commands --------------------------------------------------------------------------------
sub start_command {
    my ($id, $payload) = @_;
    my ($net, $mnt, $cwd, $timeout, $env_count, @rest) = unpack('(N/a*)*', $payload);
    my @env = splice @rest, 0, $env_count;
    my @argv = @rest;
    pipe(my $cin, my $in) && pipe(my $out, my $cout) && pipe(my $err, my $cerr) && pipe(my $fail_r, my $fail_w)
        or return answer('f', $id, "pipe: $!", $! + 0);
    my $pid = fork;
    return answer('f', $id, "fork: $!", $! + 0) unless defined $pid;
    if (!$pid) {
        my $fail = sub { my ($what, $e) = ($_[0], $! + 0); syswrite $fail_w, pack('(N/a*)*', "$what: $!", $e); kill 9, $$ };
        setpgrp(0, 0);
        $SIG{$_} = 'DEFAULT' for qw(PIPE INT HUP TERM);
        syscall($NR->{sigprocmask}, $SIG_SETMASK, $NO_SIGNALS, 0, 8);
        my ($netfd, $mntfd);
        if ($net ne '') { open($netfd, '<', $net) or $fail->("namespace $net") }
        if ($mnt ne '') { open($mntfd, '<', $mnt) or $fail->("namespace $mnt") }
        if ($mntfd) { syscall($NR->{setns}, fileno $mntfd, $CLONE_NEWNS) == 0 or $fail->("setns $mnt") }
        if ($netfd) { syscall($NR->{setns}, fileno $netfd, $CLONE_NEWNET) == 0 or $fail->("setns $net") }
        if ($cwd ne '') { chdir $cwd or $fail->("cwd $cwd") }
        open(STDIN, '<&', $cin); open(STDOUT, '>&', $cout); open(STDERR, '>&', $cerr);
        %ENV = map { split /=/, $_, 2 } @env;
        { exec { $argv[0] } @argv }
        # A folder of PATH that may not be entered hides that the program is nowhere (execvp(3)).
        my $errno = $! + 0;    # each -f sets it anew
        if ($errno == 13 && index($argv[0], '/') < 0 && !grep { -f "$_/$argv[0]" } split /:/, $ENV{PATH}) { $errno = 2 }
        $! = $errno;
        $fail->($argv[0]);
    }
    close $cin; close $cout; close $cerr; close $fail_w;
    my $failure = '';
    1 while sysread($fail_r, $failure, 65536, length $failure);    # ends at exec: close-on-exec
    if ($failure ne '') {
        waitpid $pid, 0;
        return put('f', $id, $failure);
    }
    nonblocking($_) for $in, $out, $err;
    my $deadline = 0;
    { no integer; $deadline = now() + $timeout / 1000 if $timeout > 0; }
    $procs{$id} = { pid => $pid, in => $in, inbuf => '', ineof => 0, out => $out, err => $err, deadline => $deadline };
    $by_pid{$pid} = $id;
    answer('s', $id, $pid);
}
sub nonblocking {
    my $flags = fcntl($_[0], 3, 0);
    fcntl($_[0], 4, $flags | $O_NONBLOCK);
}
sub drain {
    my ($id, $p, $stream, $all) = @_;
    my $fh = $p->{$stream} or return;
    for (1 .. 16) {    # a pipe holds 64 KiB; a background child that writes for ever must not hold the loop
        my $n = sysread $fh, my $data, 65536;
        if ($n) { put($stream eq 'out' ? 'o' : 'e', $id, $data); next if $all; return }
        return if !defined $n && ($! == $EAGAIN || $! == $EINTR);
        close $fh; delete $p->{$stream};
        $changed = 1;
        return;
    }
}
sub feed {
    my ($id, $p) = @_;
    $changed = 1;
    while ($p->{in} && length $p->{inbuf}) {
        my $n = syswrite $p->{in}, $p->{inbuf}, 65536;
        if (!defined $n) {
            return if $! == $EAGAIN || $! == $EINTR;
            close $p->{in}; delete $p->{in}; $p->{inbuf} = '';    # the command closed its stdin
            return answer('w', $id, 1 << 30);
        }
        substr($p->{inbuf}, 0, $n) = '';
        answer('w', $id, $n);
    }
    if ($p->{ineof} && $p->{in}) { close $p->{in}; delete $p->{in} }
}
sub reap {
    while ((my $pid = waitpid -1, 1) > 0) {
        my $status = $?;
        $changed = 1;
        delete $holders{$pid};
        my $id = delete $by_pid{$pid};
        next unless defined $id;
        my $p = delete $procs{$id};
        drain($id, $p, 'out', 1); drain($id, $p, 'err', 1);
        my ($code, $signal) = ($status >> 8, $status & 127);
        answer('x', $id, $signal ? '' : $code, $signal, $p->{timedout} ? 1 : 0);
    }
}

# --- captures --------------------------------------------------------------------------------
# An unbound packet socket sees every frame of every device of its namespace, both directions.
sub open_capture {
    my ($id, $net) = @_;
    my ($sock, $why, $errno) = in_netns($net, sub {
        socket(my $s, $AF_PACKET, $SOCK_RAW, 0x0300) or return (undef, "packet socket: $!", $! + 0);
        return $s;
    });
    return answer('f', $id, $why, $errno) unless $sock;
    setsockopt($sock, $SOL_SOCKET, 33, pack('i', 8 << 20)) or setsockopt($sock, $SOL_SOCKET, 8, pack('i', 8 << 20));
    ioctl $sock, $SIOCGSTAMPNS, my $stamp = "\0" x 16;    # asks for time stamps from the first frame on
    nonblocking($sock);
    $captures{$id} = { sock => $sock };
    answer('c', $id);
}
sub read_capture {
    my ($id, $c, $most) = @_;
    for (1 .. $most) {
        my $from = recv $c->{sock}, my $frame, 65535, 0;
        return unless defined $from;
        my $stamp = "\0" x 16;
        ioctl $c->{sock}, $SIOCGSTAMPNS, $stamp;
        my ($sec, $nsec) = unpack 'qq', $stamp;
        my (undef, undef, $ifindex, $hatype, $pkttype) = unpack 'SnlSC', $from;
        put('p', $id, pack('NnCNNN', $ifindex, $hatype, $pkttype, $sec, $nsec, length $frame) . substr($frame, 0, 2048));
    }
}
sub capture_drops {
    my ($id, $c) = @_;
    my $stats = getsockopt $c->{sock}, $SOL_PACKET, $PACKET_STATISTICS;
    my (undef, $drops) = unpack 'II', $stats;
    return $drops;
}

# --- sockets: TCP and UDP probes and the listeners that answer them ---------------------------
sub sockaddr {
    my ($family, $raw, $port, $scope) = @_;
    return $family == 4 ? pack('Sna4x8', $AF_INET, $port, $raw) : pack('SnNa16L', $AF_INET6, $port, 0, $raw, $scope);
}
# probe: [netns, family, 'tcp'|'udp', raw source or '', source port, raw target, port, token, device or '', scope,
# for a broadcast or multicast target the raw address of the one whose answer counts, else '']
sub start_probe {
    my ($id, $payload) = @_;
    my ($net, $family, $kind, $source, $sport, $target, $port, $token, $device, $scope, $answerer) = unpack('(N/a*)*', $payload);
    my ($sock, $why, $errno) = in_netns($net, sub {
        socket(my $s, $family == 4 ? $AF_INET : $AF_INET6, $kind eq 'tcp' ? $SOCK_STREAM : $SOCK_DGRAM, 0)
            or return (undef, "socket: $!", $! + 0);
        return $s;
    });
    return answer('f', $id, $why, $errno) unless $sock;
    nonblocking($sock);
    my $refuse = sub { my ($what, $e, $t) = ($_[0], $! + 0, "$!"); close $sock; answer('q', $id, 'error', $e, "$what: $t", 0) };
    $family == 4 ? setsockopt($sock, 0, 11, pack('i', 1)) : setsockopt($sock, 41, 25, pack('i', 1));    # IP_RECVERR
    setsockopt($sock, $SOL_SOCKET, $SO_BROADCAST, pack('i', 1));
    if ($device ne '') { setsockopt($sock, $SOL_SOCKET, $SO_BINDTODEVICE, "$device\0") or return $refuse->("bind to $device") }
    my $any = $family == 4 ? "\0" x 4 : "\0" x 16;
    bind($sock, sockaddr($family, $source eq '' ? $any : $source, $sport, $scope)) or return $refuse->('bind');
    my (undef, $local_port) = unpack 'Sn', getsockname $sock;
    answer('l', $id, $local_port);
    my $s = $sockets{$id} = { sock => $sock, kind => "$kind-probe", token => $token, state => 'connecting', got => '' };
    if ($answerer ne '') {    # answers come from other addresses than the one sent to: only this one's counts
        $s->{answerer} = $answerer;
        my $n = send $sock, $token, 0, sockaddr($family, $target, $port, $scope);
        if (!defined $n) { delete $sockets{$id}; return $refuse->('send') }
        $s->{state} = 'waiting';
        return;
    }
    my $ok = connect $sock, sockaddr($family, $target, $port, $scope);
    if (!$ok && $! != $EINPROGRESS) { delete $sockets{$id}; return $refuse->('connect') }
    probe_connected($id, $s) if $kind eq 'udp';
}
# The harness may have closed the probe in the same turn of the loop: then there is nobody to tell.
sub probe_done { my ($id, @what) = @_; $changed = 1; my $s = delete $sockets{$id} or return; close $s->{sock}; answer('q', $id, @what) }
sub probe_connected {
    my ($id, $s) = @_;
    $changed = 1;
    $s->{state} = 'waiting';
    my $n = syswrite $s->{sock}, $s->{token};
    if (!defined $n) { my ($e, $t) = ($! + 0, "$!"); probe_done($id, 'error', $e, "send: $t", 0) }
}
sub probe_ready {
    my ($id, $s, $writable) = @_;
    return unless $sockets{$id} == $s;    # closed by a request of the same turn
    if ($s->{state} eq 'connecting') {
        return unless $writable;
        my $e = unpack 'i', getsockopt $s->{sock}, $SOL_SOCKET, $SO_ERROR;
        if ($e) { $! = $e; return probe_done($id, 'error', $e, "connect: $!", 0) }
        return probe_connected($id, $s);
    }
    my ($n, $data);
    if (defined $s->{answerer}) {
        my $from = recv $s->{sock}, $data, 65536, 0;
        $n = defined $from ? length $data : undef;
        my $sender = defined $from ? substr($from, length $s->{answerer} == 4 ? 4 : 8, length $s->{answerer}) : '';
        return if defined $n && $sender ne $s->{answerer};
    } else {
        $n = sysread $s->{sock}, $data, 65536;
    }
    if (!defined $n) {
        return if $! == $EAGAIN || $! == $EINTR;
        my ($e, $t) = ($! + 0, "$!");
        return probe_done($id, 'error', $e, "receive: $t", 0);
    }
    $s->{got} .= $data;
    return probe_done($id, 'closed', 0, 'the peer closed the connection before it echoed', 0) if !$n && $s->{kind} eq 'tcp-probe';
    probe_done($id, 'echo', 0, '', 0) if index($s->{got}, $s->{token}) >= 0;
}
# listen: [netns, family, 'tcp'|'udp', port, group or '', ifindex]; answers every message with itself.
sub start_listener {
    my ($id, $payload) = @_;
    my ($net, $family, $kind, $port, $group, $ifindex) = unpack('(N/a*)*', $payload);
    my ($sock, $why, $errno) = in_netns($net, sub {
        socket(my $s, $family == 4 ? $AF_INET : $AF_INET6, $kind eq 'tcp' ? $SOCK_STREAM : $SOCK_DGRAM, 0)
            or return (undef, "socket: $!", $! + 0);
        # With it two UDP sockets could share a port, and the topology's own service would lose its messages.
        setsockopt($s, $SOL_SOCKET, $SO_REUSEADDR, pack('i', 1)) if $kind eq 'tcp';
        setsockopt($s, 41, 26, pack('i', 1)) if $family == 6;    # IPV6_V6ONLY
        bind($s, sockaddr($family, $family == 4 ? "\0" x 4 : "\0" x 16, $port, 0)) or return (undef, "bind port $port: $!", $! + 0);
        if ($group ne '') {
            my $ok = $family == 4
                ? setsockopt($s, 0, 35, $group . pack('x4') . pack('i', $ifindex))      # IP_ADD_MEMBERSHIP with ip_mreqn
                : setsockopt($s, 41, 20, $group . pack('i', $ifindex));                  # IPV6_JOIN_GROUP
            return (undef, "join group: $!", $! + 0) unless $ok;
        }
        if ($kind eq 'tcp') { listen($s, 64) or return (undef, "listen: $!", $! + 0) }
        return $s;
    });
    return answer('f', $id, $why, $errno) unless $sock;
    nonblocking($sock);
    $sockets{$id} = { sock => $sock, kind => "$kind-listener" };
    my (undef, $bound) = unpack 'Sn', getsockname $sock;
    answer('l', $id, $bound);
}
sub listener_ready {
    my ($id, $s) = @_;
    if ($s->{kind} eq 'udp-listener') {
        my $from = recv $s->{sock}, my $data, 65535, 0;
        send $s->{sock}, $data, 0, $from if defined $from;
        return;
    }
    accept(my $c, $s->{sock}) or return;
    nonblocking($c);
    $conns{fileno $c} = { sock => $c, of => $id };
    $changed = 1;
}
sub conn_ready {
    my ($no, $c) = @_;
    return unless $conns{$no} == $c;
    my $n = sysread $c->{sock}, my $data, 65536;
    return if !defined $n && ($! == $EAGAIN || $! == $EINTR);
    if (!$n) { close $c->{sock}; delete $conns{$no}; $changed = 1; return }
    syswrite $c->{sock}, $data;
}
sub close_socket {
    my ($id) = @_;
    my $s = delete $sockets{$id} or return;
    close $s->{sock};
    for my $no (keys %conns) { next unless $conns{$no}{of} == $id; close $conns{$no}{sock}; delete $conns{$no} }
}

# --- small jobs inside a namespace -----------------------------------------------------------
# files: [netns, op...] with op = r<TAB>path, w<TAB>path<TAB>value, or i<TAB>path for its device and inode number; *
# stands for any name. /proc/sys/net belongs to the reader's network namespace, so no process is needed.
sub matches {    # perl's own glob loads a module
    my ($path, $listed) = @_;
    return ($path) unless $path =~ m{^(.*?)([^/]*\*[^/]*)(.*)$}s;
    my ($folder, $name, $rest) = ($1, join('.*', map { quotemeta } split /\*/, $2, -1), $3);
    my @names = grep { /^$name$/s } @{ $listed->{$folder} ||= [names_in($folder)] };
    return map { $rest =~ /\*/ ? matches("$folder$_$rest", $listed) : "$folder$_$rest" } @names;
}
sub names_in { opendir(my $d, $_[0]) or return (); return sort grep { !/^\./ } readdir $d }
sub do_files {
    my ($id, $net, @ops) = @_;
    my @done = in_netns($net, sub {
        my (%listed, @r);
        for my $op (@ops) {
            my ($what, $path, $value) = split /\t/, $op, 3;
            for my $p (matches($path, \%listed)) {
                my $got;
                if ($what eq 'i') {
                    my @stat = stat $p;
                    $got = "$stat[0]:$stat[1]" if @stat;
                } elsif (sysopen(my $f, $p, $what eq 'r' ? 0 : 1)) {
                    if ($what eq 'r') { local $/; $got = <$f> }
                    elsif (defined syswrite $f, $value) { $got = 'ok' }
                }
                # What `*` stood for may lack the rest of the path.
                next if !defined $got && $p ne $path && $! == $ENOENT;
                push @r, "$p\t" . (defined $got ? $got : "!$!");
            }
        }
        return ('ok', @r);
    });
    return answer('f', $id, $done[1], $done[2]) unless defined $done[0];
    shift @done;
    answer('r', $id, @done);
}
# nsids: [path...] answers, for each namespace, the ids by which it knows each other one (or -1):
# `ip -d link` names a parent in another namespace by such an id only (RTM_GETNSID).
sub do_nsids {
    my ($id, @paths) = @_;
    my @fds = map { my $f; open($f, '<', $_) ? $f : undef } @paths;
    my @rows;
    for my $path (@paths) {
        my ($row) = in_netns($path, sub {
            socket(my $s, $AF_NETLINK, $SOCK_RAW, 0) or return '';
            my @ids;
            for my $fd (@fds) {
                if (!$fd) { push @ids, -1; next }
                my $attr = pack('SSL', 8, 3, fileno $fd);                       # NETNSA_FD
                my $body = pack('Cx3', 0) . $attr;
                send $s, pack('LSSLL', 16 + length $body, 90, 1, 1, 0) . $body, 0;    # RTM_GETNSID, NLM_F_REQUEST
                recv $s, my $reply, 8192, 0;
                my ($len, $type) = unpack 'LS', $reply;
                push @ids, $type == 88 ? unpack('l', substr($reply, 24, 4)) : -1;     # RTM_NEWNSID
            }
            close $s;
            return join ' ', @ids;
        });
        push @rows, defined $row ? $row : '';
    }
    answer('r', $id, @rows);
}
# neighbours: [mode, netns...] answers one string per namespace, a line per entry: family ifindex state address mac
# (hex). Mode f also deletes every entry that is not permanent, so that the next probe starts cold.
sub do_neighbours {
    my ($id, $mode, @paths) = @_;
    my @answers;
    for my $path (@paths) {
        my ($lines, $why) = in_netns($path, sub {
            socket(my $s, $AF_NETLINK, $SOCK_RAW, 0) or return (undef, "netlink: $!");
            send $s, pack('LSSLL', 28, 30, 0x301, 1, 0) . pack('x12'), 0;    # RTM_GETNEIGH, dump
            my ($text, @stale) = ('');
            DUMP: for (;;) {
                defined recv($s, my $reply, 1 << 16, 0) or last;
                for (my $at = 0; $at + 16 <= length $reply;) {
                    my ($len, $type) = unpack 'LS', substr($reply, $at, 6);
                    last DUMP if $type == 3 || $type == 2 || $len < 16;      # done, or an error
                    my ($family, $ifindex, $state) = unpack 'Cx3lS', substr($reply, $at + 16, 10);
                    my ($dst, $mac) = ('', '');
                    for (my $a = $at + 28; $a + 4 <= $at + $len;) {
                        my ($alen, $atype) = unpack 'SS', substr($reply, $a, 4);
                        last if $alen < 4;
                        my $value = substr $reply, $a + 4, $alen - 4;
                        $dst = $value if $atype == 1;
                        $mac = $value if $atype == 2;
                        $a += ($alen + 3) & ~3;
                    }
                    $text .= join(' ', $family, $ifindex, $state, unpack('H*', $dst), unpack('H*', $mac)) . "\n";
                    push @stale, [$family, $ifindex, $dst] if !($state & 0xc0) && length $dst;
                    $at += ($len + 3) & ~3;
                }
            }
            if ($mode eq 'f') {
                for my $n (@stale) {
                    my ($family, $ifindex, $dst) = @$n;
                    my $body = pack('Cx3lSCC', $family, $ifindex, 0, 0, 0) . pack('SS', 4 + length $dst, 1) . $dst;
                    send $s, pack('LSSLL', 16 + length $body, 29, 5, 2, 0) . $body, 0;    # RTM_DELNEIGH, acknowledged
                    recv $s, my $ack, 8192, 0;
                }
            }
            close $s;
            return $text;
        });
        push @answers, defined $lines ? $lines : "!$why";
    }
    answer('r', $id, @answers);
}
# dump: [netns...] answers five strings per namespace: what went wrong or '', then all messages that rtnetlink(7) has of its
# links, addresses, routes and neighbours. They are read by the harness: no process is started for them.
my @DUMPS = (
    [18, pack('x16') . pack('SSL', 8, 29, 8)],    # RTM_GETLINK; IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS
    [22, pack('x8')], [26, pack('x12')], [30, pack('x12')],    # RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH
);
sub dump_of {
    my ($s, $request, $body) = @_;
    for (1 .. 4) {    # what changed under a dump is flagged: then it is asked for again
        my ($text, $whole) = ('', 1);
        send $s, pack('LSSLL', 16 + length $body, $request, 0x301, 1, 0) . $body, 0 or return;
        DUMP: for (;;) {
            defined recv($s, my $reply, 1 << 18, 0) or return;
            my ($at, $end) = (0, length $reply);
            while ($at + 16 <= $end) {
                my ($len, $type, $flags) = unpack 'LSS', substr($reply, $at, 8);
                $whole = 0 if $flags & 0x10;                       # NLM_F_DUMP_INTR
                if ($type == 3) { $text .= substr($reply, 0, $at); last DUMP }    # NLMSG_DONE
                if ($type == 2) { $! = -unpack 'l', substr($reply, $at + 16, 4); return }
                last if $len < 16;
                $at += ($len + 3) & ~3;
            }
            $text .= $reply;
        }
        return $text if $whole;
    }
    $! = $EAGAIN;
    return;
}
sub do_dump {
    my ($id, @paths) = @_;
    my @answers;
    for my $path (@paths) {
        my ($ok, @texts) = in_netns($path, sub {
            socket(my $s, $AF_NETLINK, $SOCK_RAW, 0) or return (undef, "netlink: $!", $! + 0);
            my @dumps;
            for my $dump (@DUMPS) {
                my $text = dump_of($s, @$dump);
                return (undef, "rtnetlink dump $dump->[0]: $!", $! + 0) unless defined $text;
                push @dumps, $text;
            }
            close $s;
            return (1, @dumps);
        });
        push @answers, $ok ? ('', @texts) : ("$texts[1] $texts[0]", ('') x 4);
    }
    answer('r', $id, @answers);
}
# rtnetlink: [netns, message...], each of type, flags (16 bits each) and body: has each done and acknowledged. It answers nothing,
# or of the first that the kernel refused its position, errno and what the kernel says of it (NLMSGERR_ATTR_MSG).
sub do_rtnetlink {
    my ($id, $net, @messages) = @_;
    my ($done, $why, $errno) = in_netns($net, sub {
        socket(my $s, $AF_NETLINK, $SOCK_RAW, 0) or return (undef, "netlink: $!", $! + 0);
        setsockopt $s, 270, $_, pack 'i', 1 for 10, 11;    # SOL_NETLINK: NETLINK_CAP_ACK, NETLINK_EXT_ACK
        for my $at (0 .. $#messages) {
            my ($type, $flags) = unpack 'SS', $messages[$at];
            my $body = substr $messages[$at], 4;
            # NLM_F_REQUEST, NLM_F_ACK
            defined send $s, pack('LSSLL', 16 + length $body, $type, $flags | 5, $at + 1, 0) . $body, 0
                or return (undef, "netlink: $!", $! + 0);
            defined recv $s, my $reply, 1 << 16, 0 or return (undef, "netlink: $!", $! + 0);
            my ($len, $kind, $said, $error) = (unpack 'LSSLLl', $reply)[0, 1, 2, 5];
            return (undef, "netlink: an answer of type $kind", 71) if $kind != 2;
            next if !$error;
            my $words = '';
            for (my $a = 36; $said & 0x200 && $a + 4 <= $len;) {    # NLM_F_ACK_TLVS, behind two headers
                my ($alen, $atype) = unpack 'SS', substr $reply, $a, 4;
                last if $alen < 4;
                $words = unpack 'Z*', substr $reply, $a + 4, $alen - 4 if $atype == 1;
                $a += ($alen + 3) & ~3;
            }
            $! = -$error;
            return ([$at, -$error, $words ne '' ? "Error: $words" : "RTNETLINK answers: $!"]);
        }
        return [];
    });
    defined $done ? answer('r', $id, @$done) : answer('f', $id, $why, $errno);
}
# inject: [netns, ifindex, frame]: sends a frame as it is. The socket is not the capture's, which would not see it.
sub do_inject {
    my ($id, $net, $ifindex, $frame) = @_;
    my ($n, $why, $errno) = in_netns($net, sub {
        socket(my $s, $AF_PACKET, $SOCK_RAW, 0) or return (undef, "packet socket: $!", $! + 0);
        my $sent = send $s, $frame, 0, pack('SnlSCCx8', $AF_PACKET, 0x0300, $ifindex, 0, 0, 6);
        return defined $sent ? $sent : (undef, "send: $!", $! + 0);
    });
    defined $n ? answer('r', $id) : answer('f', $id, $why, $errno);
}

# --- requests --------------------------------------------------------------------------------
my %requests = (
    X => sub { start_command(@_) },
    I => sub { my ($id, $data) = @_; my $p = $procs{$id} or return; if ($p->{in}) { $p->{inbuf} .= $data; feed($id, $p) } else { answer('w', $id, length $data) } },
    E => sub { my $p = $procs{$_[0]} or return; $p->{ineof} = 1; feed($_[0], $p) },
    K => sub { my $p = $procs{$_[0]} or return; my ($sig) = unpack '(N/a*)*', $_[1]; kill -$sig, $p->{pid} },
    H => sub { make_host($_[0]) },
    B => sub { start_sandbox($_[0], unpack '(N/a*)*', $_[1]) },
    C => sub { open_capture($_[0], unpack '(N/a*)*', $_[1]) },
    D => sub { my $c = $captures{$_[0]}; my ($q) = unpack '(N/a*)*', $_[1]; return answer('f', $q, 'no such capture', 2) unless $c; read_capture($_[0], $c, 1 << 20); answer('r', $q, capture_drops($_[0], $c)) },
    Z => sub { my $c = delete $captures{$_[0]}; close $c->{sock} if $c },
    P => sub { start_probe(@_) },
    L => sub { start_listener(@_) },
    U => sub { close_socket($_[0]) },
    T => sub { do_files($_[0], unpack '(N/a*)*', $_[1]) },
    G => sub { do_nsids($_[0], unpack '(N/a*)*', $_[1]) },
    V => sub { do_neighbours($_[0], unpack '(N/a*)*', $_[1]) },
    M => sub { do_dump($_[0], unpack '(N/a*)*', $_[1]) },
    R => sub { do_rtnetlink($_[0], unpack '(N/a*)*', $_[1]) },
    J => sub { do_inject($_[0], unpack '(N/a*)*', $_[1]) },
    Y => sub { answer('r', $_[0], 'pong') },
    N => sub { answer('r', $_[0], clock_now()) },
);
my %only_asks = map { $_ => 1 } qw(D T G V M J Y N);
sub take_requests {
    my $at = 0;
    while (length($inbox) - $at >= 4) {
        my $len = unpack 'N', substr($inbox, $at, 4);
        last if length($inbox) - $at < 4 + $len;
        my ($type, $id) = unpack 'aN', substr($inbox, $at + 4, 5);
        my $handler = $requests{$type};
        my $payload = substr $inbox, $at + 9, $len - 5;
        $changed = 1 unless $only_asks{$type};
        $at += 4 + $len;
        if (!$handler) { answer('f', $id, "unknown request $type", 38) }
        elsif (!eval { $handler->($id, $payload); 1 }) { answer('f', $id, "request $type: $@", 22) }
    }
    substr($inbox, 0, $at) = '' if $at;
}
sub finish {
    kill -9, $_->{pid} for values %procs;
    kill 9, keys %holders;
    exit 0;
}

# --- the loop --------------------------------------------------------------------------------
sub list_waits {
    my ($rd, $wr) = ('', '');
    (%read, %write) = ();
    $changed = 0;
    my $want = sub { my ($fh, $what, $how) = @_; my $no = fileno $fh; if ($how eq 'r') { vec($rd, $no, 1) = 1; $read{$no} = $what } else { vec($wr, $no, 1) = 1; $write{$no} = $what } };
    $want->(\*STDIN, sub {
        for (1 .. 16) {
            my $n = sysread STDIN, $inbox, 65536, length $inbox;
            next if $n;
            last if !defined $n && ($! == $EAGAIN || $! == $EINTR);
            finish();    # also when the other end has closed its socket on something unread
        }
        take_requests();
    }, 'r');
    $want->($CHILD_ENDS, sub { sysread $CHILD_ENDS, my $ends, 4096; reap() }, 'r');
    # A harness that does not keep up loses frames in the kernel, which counts them.
    if ($crowd < 2) {
        for my $id (keys %captures) { my $c = $captures{$id}; $want->($c->{sock}, sub { read_capture($id, $c, 256) }, 'r') }
    }
    if ($crowd < 1) {
        for my $id (keys %procs) {
            my $p = $procs{$id};
            for my $stream ('out', 'err') { $want->($p->{$stream}, sub { drain($id, $p, $stream, 0) }, 'r') if $p->{$stream} }
        }
    }
    for my $id (keys %procs) { my $p = $procs{$id}; $want->($p->{in}, sub { feed($id, $p) }, 'w') if $p->{in} && length $p->{inbuf} }
    for my $id (keys %sockets) {
        my $s = $sockets{$id};
        if ($s->{kind} =~ /listener/) { $want->($s->{sock}, sub { listener_ready($id, $s) }, 'r') }
        elsif ($s->{state} eq 'connecting') { $want->($s->{sock}, sub { probe_ready($id, $s, 1) }, 'w') }
        else { $want->($s->{sock}, sub { probe_ready($id, $s, 0) }, 'r') }
    }
    for my $no (keys %conns) { my $c = $conns{$no}; $want->($c->{sock}, sub { conn_ready($no, $c) }, 'r') }
    for my $pid (keys %holders) {
        my $h = $holders{$pid};
        next unless $h->{pipe};
        $want->($h->{pipe}, sub {
            my $n = sysread $h->{pipe}, $h->{said}, 4096, length $h->{said};
            return if $n;
            close $h->{pipe}; delete $h->{pipe};
            $changed = 1;
            $h->{said} eq 'ok' ? answer('n', $h->{id}, $pid) : answer('f', $h->{id}, $h->{said}, 0);
        }, 'r');
    }
    for my $id (keys %births) {
        my $b = $births{$id};
        $want->($b->{pipe}, sub { sysread($b->{pipe}, $b->{said}, 4096, length $b->{said}) or born($id) }, 'r');
    }
    ($waits_rd, $waits_wr) = ($rd, $wr);
}

sub serve {
    nonblocking(\*STDIN); nonblocking(\*STDOUT);
    answer('h', 0, $$);
    for (;;) {
        my $level = length $outbox < $HIGH_WATER ? 0 : length $outbox < 16 * $HIGH_WATER ? 1 : 2;
        if ($changed || $level != $crowd) { $crowd = $level; list_waits() }
        my ($rd, $wr) = ($waits_rd, $waits_wr);
        vec($wr, 1, 1) = 1 if length $outbox;
        my $timeout; my $now;
        { no integer;
          for my $p (values %procs) {
            next unless $p->{deadline};
            $now = now() unless defined $now;
            my $left = $p->{deadline} - $now;
            $left = 0.001 if $left < 0.001;
            $timeout = $left if !defined $timeout || $left < $timeout;
          }
        }
        my $ready = select($rd, $wr, undef, $timeout);
        if ($ready > 0) {
            for my $no (keys %read) { $read{$no}->() if vec($rd, $no, 1) }
            for my $no (keys %write) { $write{$no}->() if vec($wr, $no, 1) }
        }
        if (defined $timeout) {
            no integer;
            $now = now();
            for my $p (values %procs) {
                next unless $p->{deadline} && $now >= $p->{deadline};
                $p->{deadline} = 0; $p->{timedout} = 1;
                kill -9, $p->{pid};
            }
        }
        if (length $outbox) {
            my $n = syswrite STDOUT, $outbox, 1 << 20;
            if (defined $n) { substr($outbox, 0, $n) = '' }
            elsif ($! != $EAGAIN && $! != $EINTR) { finish() }
        }
    }
}
serve();
