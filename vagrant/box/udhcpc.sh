#!/bin/sh
# What udhcpc calls with a lease. No default route: nothing but the lab's own traffic leaves a box.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip link set "$interface" up
ip addr replace "$ip/${mask:-24}" dev "$interface"
[ -z "$router" ] || ip route replace default via "${router%% *}" dev "$interface"
