import { fileURLToPath } from 'node:url'

/** The folder `vagrant/` of this package: the Vagrantfile, the box builder, and what a libvirt of its own needs. */
export const vagrantFolder = fileURLToPath(new URL('../../../vagrant/', import.meta.url))

/** What makes `--on vagrant:BOX` work for boxes that are built here, on Debian or Ubuntu. None of it starts a service. */
export const installCommand =
  'apt-get install -y --no-install-recommends vagrant vagrant-libvirt libvirt-daemon libvirt-daemon-driver-qemu ' +
  'qemu-system-x86 qemu-utils dnsmasq-base mmdebstrap e2fsprogs openssh-client'
