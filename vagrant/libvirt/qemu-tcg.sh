#!/bin/bash
# QEMU for emulated processors, as libvirt starts it, with what libvirt cannot say: a translation cache of 96 MB instead of
# up to 1 GB for each machine; and no CMPXCHG16B, whose flags QEMU 7.2 gets wrong, of which kernels from 6.5 on die.
arguments=()
while (($#)); do
  case $1 in
    -accel) arguments+=("$1" "${2/#tcg/tcg,tb-size=96}"); shift ;;
    -cpu) [[ $2 == qemu64* ]] && set -- "$1" 'qemu64,-cx16,+rdrand' "${@:3}"; arguments+=("$1" "$2"); shift ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
exec /usr/bin/qemu-system-x86_64 "${arguments[@]}"
