#!/usr/bin/env bash
# Makes a CI machine (Debian or Ubuntu, root or sudo) ready for labs and VMs. A second run changes nothing.
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

packages=$(node "$here/missing-packages.mjs")
if [ -n "$packages" ]; then
  echo "Missing: $packages"
  as_root apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update
  # One name a word.
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 \
    install -y --no-install-recommends $packages
fi
