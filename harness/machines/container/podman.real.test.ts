import { ownEngineTests } from './testing/own-engine-tests.ts'

await ownEngineTests('podman', 'root')
