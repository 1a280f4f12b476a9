# First process of the PID, mount and network namespaces of a libvirt of its own. What libvirt writes is in tmpfs of the
# mount namespace or below RUN; bridges and addresses are in the network namespace: the kernel removes them all with the last
# process. Nothing of the machine is touched.
#   inside.sh RUN CAPABILITIES
run=$1 capabilities=$2
here=$(dirname "$0")
# The proc of outside is still there: it knows this process by the PID that nsenter needs.
read -r pid _ </proc/self/stat
mount --make-rprivate / && mount -t proc proc /proc && mount -t sysfs sysfs /sys || exit 1
for at in /run /etc/libvirt /var/lib/libvirt /var/log/libvirt; do
  mkdir -p "$at" && mount -t tmpfs -o mode=755 netwright-libvirt "$at" || exit 1
done
# What libvirt finds out about QEMU takes it seconds, and is the same the next time.
mkdir -p /var/cache/libvirt && mount --bind "$capabilities" /var/cache/libvirt || exit 1
ip link set lo up
# libvirt looks its user up before it reads that it is to be root; a package that starts services would make it.
grep -q ^libvirt-qemu: /etc/passwd || {
  { cat /etc/passwd; echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'; } >/run/passwd
  mount --bind /run/passwd /etc/passwd
}
grep -q ^libvirt-qemu: /etc/group || {
  { cat /etc/group; echo 'libvirt-qemu:x:64055:'; } >/run/group
  mount --bind /run/group /etc/group
}
mkdir -p /run/libvirt /run/lock /var/lib/libvirt/dnsmasq
ln -s /run /var/run 2>/dev/null
cp "$here/qemu.conf" "$here/libvirtd.conf" /etc/libvirt/
mkdir -p /etc/libvirt/qemu/networks/autostart /etc/libvirt/storage/autostart
cp "$here/network.xml" /etc/libvirt/qemu/networks/vagrant-libvirt.xml
ln -s /etc/libvirt/qemu/networks/vagrant-libvirt.xml /etc/libvirt/qemu/networks/autostart/
printf '<pool type="dir"><name>default</name><target><path>%s/images</path></target></pool>\n' "$run" >/etc/libvirt/storage/default.xml
ln -s /etc/libvirt/storage/default.xml /etc/libvirt/storage/autostart/
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$run/libvirtd.pid" &
daemon=$!
# The socket comes first, networks and pools after it.
tries=0
until [ -S /run/libvirt/libvirt-sock ] && [ -e /sys/class/net/virbr0/brif ]; do
  kill -0 "$daemon" 2>/dev/null || exit 1
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || exit 1
  sleep 0.05
done
echo "ready $pid"
# A shell stays the first process: it reaps orphans.
wait "$daemon"
