import type { Host } from 'netwright'
import { docker, type NetworkSpec } from '../../fixtures/docker/api.ts'

let attempts = 0

/** A check that the engine of node1 refuses something in words that a pattern fits. */
export function refuses(path: string, body: object, words: RegExp) {
  return async ({ hosts: { node1 } }: { readonly hosts: { readonly node1: Host } }) => {
    const { status, message } = await docker(node1).refusal(path, body)
    return { holds: status >= 400 && words.test(message), found: `${String(status)} ${message}` }
  }
}

/** The same of a network. */
export function refusesNetwork(spec: NetworkSpec, words: RegExp) {
  return refuses('/networks/create', { Name: `refused${String(++attempts)}`, ...spec }, words)
}

/** A network of one subnet. */
export function network(Driver: string, Subnet: string, Options: Readonly<Record<string, string>> = {}): NetworkSpec {
  return { Driver, IPAM: { Config: [{ Subnet }] }, Options }
}
