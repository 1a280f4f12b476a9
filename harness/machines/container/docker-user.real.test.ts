import { ownEngineTests } from './testing/own-engine-tests.ts'

await ownEngineTests('docker-user', 'user namespace')
