import { z } from 'zod'

/** What is used of `ip -d -j addr show` (iproute2 5.10 to 7). */
export const ipAddrOutput = z.array(
  z.looseObject({
    ifindex: z.number(),
    ifname: z.string(),
    flags: z.array(z.string()),
    mtu: z.number(),
    operstate: z.string(),
    link_type: z.string(),
    address: z.string().optional(),
    /** Null for a tunnel that is bound to no device. */
    link: z.string().nullish(),
    link_index: z.number().optional(),
    link_netnsid: z.number().optional(),
    master: z.string().optional(),
    linkinfo: z
      .looseObject({
        info_kind: z.string().optional(),
        info_data: z.record(z.string(), z.unknown()).optional(),
        info_slave_kind: z.string().optional(),
        info_slave_data: z.record(z.string(), z.unknown()).optional(),
      })
      .optional(),
    addr_info: z.array(
      z.looseObject({
        family: z.string(),
        local: z.string().optional(),
        prefixlen: z.number(),
        scope: z.string(),
        tentative: z.boolean().optional(),
      }),
    ),
  }),
)
export type IpLink = z.infer<typeof ipAddrOutput>[number]

/** What is used of `ip -j route show table all`. */
export const ipRouteOutput = z.array(
  z.looseObject({
    type: z.string().optional(),
    dst: z.string(),
    gateway: z.string().optional(),
    dev: z.string().optional(),
    table: z.string().optional(),
    scope: z.string().optional(),
    prefsrc: z.string().optional(),
    metric: z.number().optional(),
  }),
)
export type IpRoute = z.infer<typeof ipRouteOutput>[number]

/** What is used of `ip -j neigh show`. */
export const ipNeighOutput = z.array(
  z.looseObject({
    dst: z.string(),
    dev: z.string().optional(),
    lladdr: z.string().optional(),
    state: z.array(z.string()),
  }),
)
