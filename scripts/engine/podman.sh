# Podman's service as first child of the engine's own PID, mount and network namespaces (see inside.sh): root's, or that
# of an ordinary user who has nothing but a home.
#   podman.sh RUN root|user MEBIBYTES
# Its disk has that many mebibytes, if any are told.
run=$1 who=$2 mebibytes=$3 name=netwright-engine-$(basename "$1")
mount --make-rprivate / && mount -t tmpfs -o mode=755 netwright-engine /run && ip link set lo up || exit 1
# crun refuses cgroup v1 with v2 beside it.
[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || umount /sys/fs/cgroup/unified 2>/dev/null
# Its control groups have no name of the run: they are made below one that has.
for tree in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do
  mkdir -p "$tree/$name" || continue
  for set in cpuset.cpus cpuset.mems; do cat "$tree/$set" >"$tree/$name/$set"; done 2>/dev/null
  mount --bind "$tree/$name" "$tree"
done
export HOME=/run/home XDG_DATA_HOME=/run/home/data XDG_RUNTIME_DIR=/run/runtime CONTAINERS_CONF=/run/containers.conf CONTAINERS_STORAGE_CONF=/run/storage.conf
mkdir /run/socket && mount --bind "$run" /run/socket || exit 1
# What it would leave on the machine: locks, a cache, copies.
for place in /dev/shm /var/tmp; do mount -t tmpfs -o mode=1777 netwright-engine "$place" || exit 1; done
. "$(dirname "$0")/ordinary-user.sh"
export XDG_DATA_HOME="$HOME/data" CONTAINERS_CONF=/run/containers.conf CONTAINERS_STORAGE_CONF=/run/storage.conf
if [ -n "$mebibytes" ]; then
  mkdir -m 700 "$XDG_DATA_HOME" || exit 1
  mount -t tmpfs -o "size=${mebibytes}m,mode=700" netwright-engine "$XDG_DATA_HOME" || exit 1
fi
cat >"$CONTAINERS_CONF" <<END
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
cat >"$CONTAINERS_STORAGE_CONF" <<END
[storage]
driver = "overlay"
graphroot = "$XDG_DATA_HOME"
runroot = "$XDG_RUNTIME_DIR/containers"
END
[ "$who" = user ] || echo 'tmp_dir = "/run/libpod"' >>"$CONTAINERS_CONF"
as_root() { "$@"; }
cd /
# A shell stays the first process: it reaps orphans.
"as_$who" podman --log-level=info system service --time=0 unix:///run/socket/docker.sock &
wait $!
