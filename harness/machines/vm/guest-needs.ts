/** Options of the kernel that must be built in for a guest to get as far as its first process. */
const builtIn =
  'BLK_DEV_INITRD BINFMT_ELF BINFMT_SCRIPT PROC_FS SYSFS DEVTMPFS TMPFS TTY SERIAL_8250_CONSOLE PCI NET UNIX NET_NS PID_NS IPC_NS'

/** Those that may be modules: the guest's channel and the wires of labs. */
const loadable = 'VIRTIO_PCI VIRTIO_CONSOLE PACKET INET VETH BRIDGE'

const options = (text: string) => text.split(' ').map((name) => `CONFIG_${name}`)

/**
 * What a kernel lacks to be a guest, by its configuration: the options, each with why it does not do.
 *
 * @param config - the text of the kernel's .config
 * @param hasModules - whether its modules are at hand
 */
export function lackingOptions(config: string, hasModules: boolean): readonly string[] {
  const values = new Map(
    [...config.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  return [
    ...options(builtIn).filter((name) => values.get(name) !== 'y'),
    ...options(loadable).flatMap((name) => {
      const value = values.get(name)
      if (value === 'y' || (value === 'm' && hasModules)) return []
      return [value === 'm' ? `${name} (a module, and there are none)` : name]
    }),
  ]
}
