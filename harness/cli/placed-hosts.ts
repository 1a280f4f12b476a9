import { unknownName } from '../model/names.ts'
import { placedText, readPlacement } from '../machines/placement/placement.ts'
import { readScenarios } from './list-scenarios.ts'
import type { RunOptions } from './run-options.ts'

/**
 * Checks, before a VM is started, that some scenario of the run has each host that is placed. A topology without it runs
 * on the other machine alone.
 *
 * @throws NETWRIGHT_UNKNOWN_HOST
 */
export async function checkPlacedHosts(options: RunOptions): Promise<void> {
  const placement = readPlacement(options.on)
  if (placement === undefined) return
  const { scenarios } = await readScenarios(options)
  if (scenarios.length === 0) return
  const hosts = [...new Set(scenarios.flatMap((scenario) => scenario.hosts))]
  for (const placed of placement.placed) {
    if (hosts.includes(placed.host)) continue
    throw unknownName('NETWRIGHT_UNKNOWN_HOST', 'host', placed.host, hosts, `--place ${placedText(placed)}`)
  }
}
