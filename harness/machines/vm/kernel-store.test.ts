import { access, chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CatalogueKernel } from './catalogue.ts'
import { provideKernel, storedKernel } from './kernel-store.ts'

// Programs that answer as apt does: nobody's mirror can be told to end in the middle. dpkg is the real one.
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netwright-kernels-'))
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  vi.stubEnv('NETWRIGHT_DEBIAN_MIRROR', 'http://mirror.test/debian')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const kernel: CatalogueKernel = { name: '6.1', suite: 'bookworm', package: 'linux-image-cloud-amd64', flavour: 'cloud' }
const deb = 'linux-image-6.1.0-cloud-amd64_1_amd64.deb'

/** Puts an apt on PATH whose download does what a script says. */
async function apt(download: string): Promise<void> {
  const bin = join(folder, 'bin')
  await mkdir(bin, { recursive: true })
  const programs = {
    'apt-get': `case "$*" in *--print-uris*) ;; *' download '*) ${download} ;; esac`,
    'apt-cache': 'case "$*" in *linux-image-cloud-amd64) echo "  Depends: linux-image-6.1.0-cloud-amd64" ;; esac',
  }
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`)
}

const cached = () => readdir(join(folder, 'cache', 'netwright', 'kernels'))
const hasKeyring = await access('/usr/share/keyrings/debian-archive-keyring.gpg').then(
  () => true,
  () => false,
)

test.runIf(hasKeyring)(
  'a download that ends too early is told of in apt’s words, and nothing of it stays',
  async () => {
    const words =
      'E: Failed to fetch http://mirror.test/x.deb  File has unexpected size (4096 != 9000000). Mirror sync in progress?'
    await apt(`head -c 4096 /dev/zero > ${deb}; echo '${words}' >&2; exit 100`)
    await expect(provideKernel(kernel, () => undefined)).rejects.toMatchObject({
      code: 'NETWRIGHT_KERNEL_NOT_FETCHED',
      message: expect.stringContaining(words) as string,
    })
    expect(await cached()).toEqual(['lock'])
    expect(await storedKernel('6.1')).toBeUndefined()
  },
)

test.runIf(hasKeyring)('a package that is cut off is not unpacked by half', async () => {
  // The head of a package, and no more.
  await apt(`printf '!<arch>\\ndebian-binary   0           0     0     100644  4         \`\\n2.0\\n' > ${deb}`)
  await expect(provideKernel(kernel, () => undefined)).rejects.toMatchObject({
    code: 'NETWRIGHT_KERNEL_NOT_FETCHED',
    message: expect.stringMatching(/dpkg-deb: .*unexpected end of file[^]*next: .*again/) as string,
  })
  expect(await cached()).toEqual(['lock'])
})

test('what is cached is taken without asking anybody', async () => {
  await apt('exit 100')
  vi.stubEnv('PATH', '/nonexistent')
  const store = join(folder, 'cache', 'netwright', 'kernels')
  await mkdir(join(store, 'made'), { recursive: true })
  await writeFile(join(store, 'made', 'modules.cpio'), '')
  await writeFile(join(store, '6.1.json'), JSON.stringify({ release: '6.1.0-cloud-amd64', folder: 'made' }))
  expect(await provideKernel(kernel, () => undefined)).toMatchObject({ release: '6.1.0-cloud-amd64' })
})
