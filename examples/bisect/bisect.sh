#!/bin/sh
# Builds the kernel of the tree it is run in and judges it by a suite: a step of `git bisect run`.
# Usage, in a kernel tree with a .config: git bisect run .../examples/bisect/bisect.sh [--invert] SUITE [-t TITLE]
set -u
here=$(dirname "$(readlink -f "$0")")
modules=$(mktemp -d) || exit 125
trap 'rm -rf "$modules"' EXIT
trap 'exit 255' INT TERM

# A commit that does not build says nothing of the suite.
make -s olddefconfig &&
  make -s -j"$(nproc)" bzImage modules &&
  make -s modules_install INSTALL_MOD_PATH="$modules" INSTALL_MOD_STRIP=1 || exit 125

node "$here/judge.mjs" "$@" --kernel arch/x86/boot/bzImage --modules "$modules"
