/**
 * The part of a reproducer that is the same for every lab: enters a sandbox of its own, makes hosts, types commands on
 * them, checks cells. Plain bash with iproute2, util-linux and (for the checks) ping.
 */
export const reproPrelude = String.raw`
set -euo pipefail

# A sandbox of its own: network, mounts and processes. It ends with this script, and everything in it goes too.
if [ -z "${'$'}{NETWRIGHT_SANDBOX:-}" ]; then
  sandbox=(--net --mount --pid --fork --kill-child --mount-proc)
  [ "$(id -u)" = 0 ] || sandbox+=(--user --map-root-user)
  NETWRIGHT_SANDBOX=1 exec unshare "${'$'}{sandbox[@]}" bash "$0" "$@"
fi
export NS_sandbox=$$
hosts=() asked=0 differ=0

# host NAME VARIABLE ROLE: a network and a mount namespace with a /run/netns of its own; VARIABLE becomes its PID.
host() {
  local fd
  # shellcheck disable=SC2093
  exec {fd}< <(exec unshare --net --mount --propagation private bash -c '
    set -eu
    mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    set_all() { for file in /proc/sys/net/ipv6/conf/{all,default}/$1; do [ ! -e "$file" ] || echo "$2" >"$file"; done; }
    case $1 in
      wire) set_all disable_ipv6 1 ;;
      *) set_all accept_dad 0; set_all dad_transmits 0; set_all accept_ra 0 ;;
    esac
    if [ "$1" = router ]; then
      echo 1 >/proc/sys/net/ipv4/ip_forward
      set_all forwarding 1
    fi
    echo ready
    exec sleep infinity' host "$3")
  export "$2=$!"
  read -r -u "$fd" _ || { echo "cannot make host $1" >&2; exit 3; }
  hosts+=("$!")
}

enter() { # enter PID COMMAND...
  local pid=$1
  shift
  nsenter --target "$pid" --net --mount -- "$@"
}

# on NAME PID COMMAND: a command that succeeded when it was recorded.
on() {
  printf '%s# %s\n' "$1" "$3"
  type_on "$2" "$3" || {
    echo "stopped: exit $?, and this command succeeded when it was recorded" >&2
    exit 1
  }
}

type_on() { enter "$1" bash -c "set -euo pipefail; $2"; }

# try EXIT NAME PID COMMAND: a command that was recorded with this exit code; what it does now is shown.
try() {
  local code=0
  printf '%s# %s\n' "$2" "$4"
  type_on "$3" "$4" || code=$?
  printf '(exit %s, recorded %s)\n' "$code" "$1"
}

# Every check starts cold, as it was measured: no neighbour of any namespace is resolved. IPv6 addresses that are
# still looked for duplicates cannot be used yet.
cold() {
  local pid
  for pid in "${'$'}{hosts[@]}"; do
    enter "$pid" bash -c '
      ready() { ip ${'$'}{1:+-n "$1"} neigh flush all nud all; [ -z "$(ip ${'$'}{1:+-n "$1"} -6 -o address show tentative)" ]; }
      for ns in "" $(ls /run/netns 2>/dev/null); do
        for _ in {1..40}; do ! ready "$ns" || break; sleep 0.1; done
      done' 2>/dev/null || true
  done
}

# check CELL PID NAMESPACE ADDRESS RECORDED: one echo request, beside the verdict that was recorded.
check() {
  local command=(ping -n -c 1 -W 1 "$4") answer='no reply'
  [ -z "$3" ] || command=(ip netns exec "$3" "${'$'}{command[@]}")
  command -v ping >/dev/null || { printf 'not checked, ping is missing: %s\n' "$1"; return; }
  enter "$2" "${'$'}{command[@]}" >/dev/null 2>&1 && answer=reply
  asked=$((asked + 1))
  case "$answer/$5" in
    reply/reached | 'no reply/blocked'*) printf '  %s: %s, as recorded (%s)\n' "$1" "$answer" "$5" ;;
    *) differ=$((differ + 1)); printf '  %s: %s, BUT RECORDED AS %s\n' "$1" "$answer" "$5" ;;
  esac
}

finish() {
  echo
  echo "$asked cells checked, $differ differ from the record"
  if [ "${'$'}{1:-}" = --shell ]; then
    echo "The lab stands until you leave this shell. A host is entered by its PID: nsenter -t \"\$NS_...\" -n -m"
    compgen -e NS_ | while read -r name; do echo "  $name=${'$'}{!name}"; done
    bash -i || true
  fi
  [ "$differ" = 0 ]
}
`.trimStart()
