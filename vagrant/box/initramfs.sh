#!/bin/busybox sh
# Loads what reaches the disk, in the order that depmod says, and hands over to it.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "$module"; done </modules
$b mount -t ext4 -o noatime /dev/vda /newroot || exec $b sh
$b mount --move /dev /newroot/dev
exec $b switch_root /newroot /sbin/init
