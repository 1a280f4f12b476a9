# First process of the engine's own PID, mount and network namespaces. What the engine writes is in a tmpfs of the
# mount namespace, so the kernel removes images, containers and mounts together with the last process.
#   inside.sh RUN PROGRAMS
run=$1 programs=$2
mount --make-rprivate / && mount -t tmpfs -o mode=755 netwright-engine /run && ip link set lo up || exit 1
echo '{}' >/run/daemon.json
export PATH="$programs/usr/bin:$programs/usr/sbin:$PATH"
# A shell stays the first process: it reaps orphans.
dockerd --config-file /run/daemon.json --host "unix://$run/docker.sock" --pidfile /run/docker.pid \
  --data-root /run/engine/data --exec-root /run/engine/exec \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/netwright-engine-$(basename "$run")" \
  --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false &
wait $!
