/**
 * The modules a guest gets: every network device, protocol, filter and scheduler that needs no hardware, the virtio
 * drivers of its channel, and all of crypto and lib (nf_tables asks for crc32c by a name that modules.dep does not
 * show). The rest of a distribution's kernel is for hardware that a guest has not.
 */
const wanted: readonly RegExp[] = [
  /^net\/(6lowpan|8021q|802|9p|batman-adv|bridge|can|core|dsa|ethtool|hsr|ieee802154|ife|ipv4|ipv6|key|l2tp|llc|mpls|netfilter|netlink|nsh|openvswitch|packet|phonet|psample|sched|sctp|tipc|tls|unix|vmw_vsock|xfrm)\//,
  /^drivers\/net\/[^/]+$/,
  /^drivers\/net\/(bonding|team|vxlan|ipvlan|ovpn|wireguard|ppp|netdevsim)\//,
  /^drivers\/net\/can\/(dev\/|can-dev|vcan|vxcan)/,
  /^drivers\/net\/ieee802154\/(fakelb|mac802154_hwsim)/,
  /^drivers\/net\/ethernet\/intel\/(e1000|igb|igbvf)\//,
  /^drivers\/net\/vxlan/,
  /^drivers\/virtio\//,
  /^drivers\/char\/(virtio_console|hw_random\/virtio-rng)/,
  /^(crypto|lib|arch\/x86\/crypto|arch\/x86\/lib)\//,
]

/** The modules to keep, dependencies included, in the order of the list. */
export function chooseModules(dependencies: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const chosen = new Set<string>()
  const choose = (path: string): void => {
    if (chosen.has(path)) return
    chosen.add(path)
    for (const other of dependencies.get(path) ?? []) choose(other)
  }
  for (const path of dependencies.keys()) {
    const inKernel = path.replace(/^(kernel|updates|extra)\//, '')
    if (wanted.some((pattern) => pattern.test(inKernel))) choose(path)
  }
  return [...chosen]
}

/** Reads depmod's modules.dep: each module's path and the paths of those it needs. */
export function readModulesDep(text: string): Map<string, readonly string[]> {
  return new Map(
    text.split('\n').flatMap((line): (readonly [string, readonly string[]])[] => {
      const colon = line.indexOf(':')
      if (colon < 0) return []
      return [
        [
          line.slice(0, colon),
          line
            .slice(colon + 1)
            .split(' ')
            .filter((path) => path !== ''),
        ],
      ]
    }),
  )
}
