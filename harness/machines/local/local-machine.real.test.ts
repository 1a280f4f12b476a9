import { machineConformance } from '../../conformance.ts'
import { localMachine } from './local-machine.ts'

machineConformance('local', localMachine, {
  module: new URL('./local-machine.ts', import.meta.url),
  start: 'localMachine',
})
