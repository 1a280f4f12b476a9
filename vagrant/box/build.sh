#!/bin/bash
# Builds a Vagrant box for libvirt from Debian packages alone, which apt verifies by the archive's signatures.
#
#   build.sh SUITE MIRROR FOLDER      (as root; needs mmdebstrap, mke2fs, qemu-img, ssh-keygen, kmod)
#
# FOLDER gets what Vagrant keeps of a box: box.img (qcow2), metadata.json and a Vagrantfile; beside them the kernel and the
# initramfs that libvirt boots directly, so that the disk needs no boot loader and no partition, and a key of its own.
set -euo pipefail
suite=$1 mirror=$2 folder=$(realpath "$3")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
megabytes=1024
work=$(mktemp -d "$folder/scratch-XXXXXX")
tree=$work/tree

step() { echo "step: $1" >&2; }

# What labs need, what suites ask for, what the box itself needs.
packages=(
  iproute2 iputils-ping nftables iptables tcpdump procps perl-base util-linux mount kmod bash
  net-tools dnsmasq-base udhcpc bird2
  linux-image-cloud-amd64 openssh-server busybox-static
)

step "unpacking and configuring Debian $suite (${#packages[@]} packages and what they need)"
export INITRD=No # Debian's own initramfs would take longer to make than all else; the box has a smaller one
mmdebstrap --mode=root --variant=essential --components=main --format=directory \
  --include="$(IFS=,; echo "${packages[*]}")" \
  --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "2"' \
  --dpkgopt=force-unsafe-io --dpkgopt=force-confold \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/i18n/*' --dpkgopt='path-exclude=/usr/share/zoneinfo/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools"; printf "update_initramfs=no\n" >"$1/etc/initramfs-tools/update-initramfs.conf"' \
  --essential-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"' \
  "$suite" "$tree" "$mirror"

step 'the first process, ssh and its keys'
install -m 755 "$here/init.sh" "$tree/sbin/init"
install -m 755 "$here/udhcpc.sh" "$tree/etc/udhcpc/lease.sh"
install -m 644 "$here/sshd_config" "$tree/etc/ssh/sshd_config"
ssh-keygen -q -t ed25519 -N '' -C netwright-box -f "$work/key"
install -d -m 700 "$tree/root/.ssh"
install -m 600 "$work/key.pub" "$tree/root/.ssh/authorized_keys"
rm -f "$tree"/etc/ssh/ssh_host_*
ssh-keygen -q -t ed25519 -N '' -C '' -f "$tree/etc/ssh/ssh_host_ed25519_key"
# A password that nobody has; the account is open for its key.
sed -i 's|^root:[^:]*:|root:*:|' "$tree/etc/shadow"
echo netwright >"$tree/etc/hostname"
printf '127.0.0.1 localhost netwright\n::1 localhost\n' >"$tree/etc/hosts"
: >"$tree/etc/resolv.conf"
: >"$tree/etc/fstab"
rm -f "$tree/usr/sbin/policy-rc.d"
for name in halt poweroff reboot shutdown; do install -m 755 "$here/halt.sh" "$tree/sbin/$name"; done

step 'the initramfs'
release=$(basename "$tree"/lib/modules/*)
root=$work/initramfs
mkdir -p "$root"/{bin,dev,proc,newroot}
cp "$tree/bin/busybox" "$root/bin/"
install -m 755 "$here/initramfs.sh" "$root/init"
/sbin/depmod -b "$tree" "$release"
for module in virtio_pci virtio_blk ext4 virtio_net; do
  /sbin/modprobe -d "$tree" -S "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/modules"
: >"$root/modules"
while read -r file; do
  name=$(basename "$file")
  case $name in
    *.xz) name=${name%.xz}; xz -dc "$file" >"$root/$name" ;;
    *) cp "$file" "$root/$name" ;;
  esac
  echo "/$name" >>"$root/modules"
done <"$work/modules"
(cd "$root" && find . | "$tree/bin/busybox" cpio -o -H newc 2>/dev/null) >"$folder/initramfs"
cp "$tree/boot/vmlinuz-$release" "$folder/vmlinuz"
rm -rf "$tree"/boot/vmlinuz-* "$tree"/boot/System.map-* "$tree"/boot/initrd*

step 'the disk'
truncate -s "${megabytes}M" "$work/disk"
mke2fs -q -t ext4 -b 4096 -O '^64bit,^metadata_csum,^has_journal' -E lazy_itable_init=1,nodiscard -m 0 -L netwright -d "$tree" "$work/disk"
qemu-img convert -q -f raw -O qcow2 "$work/disk" "$folder/box.img"

install -m 600 "$work/key" "$folder/key"
cp "$here/Vagrantfile" "$folder/Vagrantfile"
printf '{"provider":"libvirt","format":"qcow2","virtual_size":%d}\n' $((megabytes / 1024)) >"$folder/metadata.json"
rm -rf "$work"
step 'done'
