import { machineConformance } from '../../conformance.ts'
import { localMachine } from './local-machine.ts'

machineConformance('local', localMachine)
