/**
 * Prints the Debian packages that labs on some machines need and this one lacks, in one line.
 * Usage: ON=local,vm:6.1 node missing-packages.mjs [--vital]
 *
 * `--vital`: without those that only some scenarios want.
 */
import { debianPackages } from '../debian-packages.mjs'
import { isPresent } from '../setup.mjs'

const vitalOnly = process.argv.includes('--vital')
const kinds = (process.env['ON'] ?? 'local').split(',').map((name) => name.trim().split(':', 1)[0])
const missing = debianPackages
  // Those that start a service are for the suites that come with the package.
  .filter(({ service, tests, only = process.arch }) => !service && !tests && only === process.arch)
  .filter((wanted) => wanted.kinds === undefined || wanted.kinds.some((kind) => kinds.includes(kind)))
  .filter(({ scenarios }) => !(vitalOnly && scenarios))
  .filter(({ programs }) => !programs.every(isPresent))
console.log(missing.map(({ name }) => name).join(' '))
