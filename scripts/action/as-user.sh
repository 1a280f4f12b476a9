#!/usr/bin/env bash
# Runs a command as root or as the ordinary user of a CI machine, with the settings of the job.
# Usage: as-user.sh root|ordinary COMMAND...
set -euo pipefail

user=$1
shift
case $user in
  ordinary) exec "$@" ;;
  root) ;;
  *)
    echo "as-user: there is no user $user here, only root and ordinary" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -eq 0 ]; then exec "$@"; fi
# sudo gives a command an environment of its own.
settings=()
for name in PATH CI XDG_CACHE_HOME "${!NETWRIGHT_@}"; do
  if [ -n "${!name:-}" ]; then settings+=("$name=${!name}"); fi
done
exec sudo env "${settings[@]}" "$@"
