# Keeps what belongs to one run as long as its own stdin is open, then removes all of it.
#   keep.sh RUN private CAPABILITIES   a libvirt of the run's own
#   keep.sh RUN shared                 machines at a provider that others use as well: they are destroyed
# It is a process of its own, so that it outlives a maker that is killed; should it be killed itself, the kernel kills
# what runs in the namespaces, and the next start removes the rest (the lock says that nobody is using it).
run=$1
here=$(dirname "$0")
# Whoever asks whether the run is kept holds the lock for a moment.
exec 9>"$run/lock" && flock -w 10 9 || exit 1
echo $$ >"$run/keeper.pid"

if [ "$2" = shared ]; then
  echo ready
  cat >/dev/null
  sh "$here/destroy.sh" "$run" 9>&-
  exit
fi

exec 3<&0
setpriv --pdeathsig KILL unshare --net --mount --ipc --pid --fork --kill-child \
  sh "$here/inside.sh" "$run" "$3" 9>&- 3<&- </dev/null &
libvirt=$!
# unshare waits until the last process of the namespace is gone, and ignores SIGTERM: the first one is ended.
(cat <&3 >/dev/null; pkill -KILL -P "$libvirt") 9>&- &
watcher=$!
exec 3<&-
wait "$libvirt"
code=$?
kill "$watcher" 2>/dev/null
rm -rf "$run"
exit "$code"
