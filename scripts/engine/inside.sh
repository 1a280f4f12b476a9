# First process of the engine's own PID, mount and network namespaces. What the engine writes is in a tmpfs of the
# mount namespace, so the kernel removes images, containers and mounts together with the last process.
#   inside.sh RUN PROGRAMS MEBIBYTES SOCKET
# Its disk has that many mebibytes, if any are told, and the plugin at that socket, if one is, may deny requests.
run=$1 programs=$2 mebibytes=$3 plugin=$4
mount --make-rprivate / && mount -t tmpfs -o mode=755 netwright-engine /run && ip link set lo up || exit 1
echo '{}' >/run/daemon.json
if [ -n "$mebibytes" ]; then
  mkdir -p /run/engine/data && mount -t tmpfs -o "size=${mebibytes}m" netwright-engine /run/engine/data || exit 1
fi
if [ -n "$plugin" ]; then
  mkdir -p /run/docker/plugins && touch /run/docker/plugins/judge.sock || exit 1
  mount --bind "$plugin" /run/docker/plugins/judge.sock || exit 1
fi
export PATH="$programs/usr/bin:$programs/usr/sbin:$PATH"
# A shell stays the first process: it reaps orphans.
dockerd --config-file /run/daemon.json --host "unix://$run/docker.sock" --pidfile /run/docker.pid \
  --data-root /run/engine/data --exec-root /run/engine/exec \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/netwright-engine-$(basename "$run")" \
  ${plugin:+--authorization-plugin=judge} --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false &
wait $!
