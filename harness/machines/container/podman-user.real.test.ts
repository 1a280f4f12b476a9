import { podmanTests } from './testing/podman-tests.ts'

await podmanTests('podman-user', 'user namespace')
