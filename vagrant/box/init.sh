#!/bin/sh
# The first process of a box. A shell, because an emulated processor starts systemd in twice the time that all of this takes.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
for at in /dev/shm /run /tmp; do mount -t tmpfs -o mode=1777 tmpfs "$at"; done
chmod 755 /run
mkdir -p /run/sshd /run/netns /run/lock
ln -sf /proc/self/fd /dev/fd
# Opening the node loads the driver, as it does where udev made the node.
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
hostname -F /etc/hostname
ip link set lo up
# The first network card is Vagrant's own. A DHCP server may still be starting: the client asks until it answers.
ip link set eth0 up
udhcpc -q -f -i eth0 -t 60 -T 1 -A 1 -S -s /etc/udhcpc/lease.sh >/dev/console 2>&1 &
ulimit -n 65536
# Waiting for sshd, the shell also reaps what others leave behind.
while :; do
  /usr/sbin/sshd -D
  sleep 1
done
