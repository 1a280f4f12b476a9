# Keeps an engine as long as its own stdin is open, then removes all of it.
#   keep.sh RUNS RUN SCRIPT [ARGUMENT]   the script starts it: inside.sh, podman.sh
# It is a process of its own, so that it outlives a maker that is killed; should it be killed itself, the kernel kills
# the engine, and the next start removes the folder and the control groups (the lock says that nobody is using them).
runs=$1 run=$2 script=$3
shift 3

remove() {
  find /sys/fs/cgroup -depth -type d -path "*/netwright-engine-$(basename "$1")*" -exec rmdir {} + 2>/dev/null
  rm -rf "$1"
}
# One at a time: between a folder's making and its lock, another start would take it for left.
exec 7>"$runs/lock" && flock 7 || exit 1
for old in "$runs"/*/; do
  [ -f "${old}lock" ] || continue
  # One that is starting beside this has made its lock and may not have it yet: its PID comes after that.
  [ -f "${old}keeper.pid" ] || [ -n "$(find "$old" -maxdepth 0 -mmin +1)" ] || continue
  exec 8<"${old}lock"
  flock -n 8 && remove "${old%/}"
  exec 8<&-
done

# Whoever starts beside this holds the lock for a moment to see that nobody does.
mkdir "$run" && exec 9>"$run/lock" && flock -w 10 9 || exit 1
exec 7>&-
echo $$ >"$run/keeper.pid"
exec 3<&0
setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
  sh "$script" "$run" "$@" 9>&- 3<&- </dev/null &
engine=$!
# unshare waits until the last process of the namespace is gone, and ignores SIGTERM: the first one is ended.
(cat <&3 >/dev/null; pkill -KILL -P "$engine") 9>&- &
watcher=$!
exec 3<&-
wait "$engine"
code=$?
kill "$watcher" 2>/dev/null
remove "$run"
exit "$code"
