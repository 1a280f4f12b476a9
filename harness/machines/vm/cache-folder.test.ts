import { afterEach, expect, test, vi } from 'vitest'
import { cachePath as plainCachePath } from '../../../bin/cache-path.js'
import { cachePath } from './cache-folder.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('what starts the command keeps its cache where the command does', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/elsewhere')
  expect(cachePath('kernels', '6.1.json')).toBe('/elsewhere/netwright/kernels/6.1.json')
  expect(plainCachePath('kernels', '6.1.json')).toBe(cachePath('kernels', '6.1.json'))
  vi.stubEnv('XDG_CACHE_HOME', undefined)
  expect(cachePath()).toMatch(/\/\.cache\/netwright$/)
  expect(plainCachePath()).toBe(cachePath())
})
