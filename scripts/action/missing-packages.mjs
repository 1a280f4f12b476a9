/** Prints the Debian packages that labs and VMs need and this machine lacks, in one line. */
import { debianPackages } from '../debian-packages.mjs'
import { isPresent } from '../setup.mjs'

const missing = debianPackages
  // Those that start a service are for the suites that come with the package.
  .filter(({ service, tests, only = process.arch }) => !service && !tests && only === process.arch)
  .filter(({ programs }) => !programs.every(isPresent))
console.log(missing.map(({ name }) => name).join(' '))
