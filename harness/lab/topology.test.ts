import { expect, test } from 'vitest'
import { underlay } from '../model/underlay.ts'
import { topology } from './topology.ts'

const hosts = underlay()
  .wire('lan', '10.0.0.0/24')
  .host('node1', { eth0: 'lan 10.0.0.1/24' })
  .host('node2', { eth0: 'lan 10.0.0.2/24' })

test('namespaces are those of hosts that the underlay has', () => {
  expect(topology('pair', { underlay: hosts, namespaces: { node2: ['ns1'] } }).namespaces).toEqual({ node2: ['ns1'] })
  // Past the compiler, as from JavaScript.
  const namespaces = { node3: ['ns1'] } as Partial<Record<'node1', string[]>>
  expect(() => topology('pair', { underlay: hosts, namespaces })).toThrowErrorMatchingInlineSnapshot(`
    [NetwrightError: "node3" is not a host of this underlay [NETWRIGHT_UNKNOWN_HOST]
      where: topology pair, namespaces
      next: Hosts are: node1, node2.]
  `)
})
