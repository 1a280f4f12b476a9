#!/usr/bin/env bash
# Makes a CI machine (Debian or Ubuntu, root or sudo) ready for labs on some machines. A second run changes nothing.
# Environment: ON (machines, such as local,vm:6.1).
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Runners have /dev/kvm, but it is root's.
if [ ! -e /dev/kvm ]; then
  echo 'There is no /dev/kvm: VMs are emulated, some five times slower.'
elif [ ! -w /dev/kvm ] && command -v udevadm >/dev/null; then
  echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' |
    as_root tee /etc/udev/rules.d/99-netwright-kvm.rules
  as_root udevadm control --reload-rules
  as_root udevadm trigger --name-match=kvm
  as_root udevadm settle
fi

# Ubuntu keeps ordinary users from making user namespaces, in which their labs are.
setting=kernel.apparmor_restrict_unprivileged_userns
if [ "$(sysctl -n "$setting" 2>/dev/null || echo 0)" = 1 ]; then
  as_root sysctl -w "$setting=0"
fi

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@"
}
install() {
  apt install -y --no-install-recommends "$@"
}

# An assignment, since it ends the script when node fails.
missing=$(node "$here/missing-packages.mjs")
read -r -a packages <<<"$missing"
if [ "${#packages[@]}" -eq 0 ]; then exit; fi
echo "Missing: ${packages[*]}"
apt update
# One that is not to be had here must not take the others with it.
install "${packages[@]}" || for package in "${packages[@]}"; do install "$package" || true; done

vital=$(node "$here/missing-packages.mjs" --vital)
if [ -n "$vital" ]; then
  echo "::error::Not to be had here, and needed by ${ON:-local}: $vital. (Debian 12 has all of them; Ubuntu 24.04 has no Vagrant.)"
  exit 1
fi
left=$(node "$here/missing-packages.mjs")
if [ -n "$left" ]; then
  echo "::warning::Not to be had here: $left. Scenarios that want it are skipped, each with the reason."
fi
