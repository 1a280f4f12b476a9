# An ordinary user's Docker Engine as first child of its own PID, mount and network namespaces (see inside.sh).
#   docker-user.sh RUN PROGRAMS
run=$1 programs=$2
mount --make-rprivate / && mount -t tmpfs -o mode=755 netwright-engine /run && ip link set lo up || exit 1
mkdir /run/socket /run/programs && mount --bind "$run" /run/socket && mount --bind "$programs" /run/programs || exit 1
. "$(dirname "$0")/ordinary-user.sh"
export PATH="/run/programs/usr/bin:/run/programs/usr/sbin:$PATH"
cd /
# A shell stays the first process: it reaps orphans.
as_user sh /run/programs/usr/share/docker.io/contrib/dockerd-rootless.sh --host unix:///run/socket/docker.sock \
  --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false &
wait $!
