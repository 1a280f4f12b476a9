import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findKernel } from './catalogue.ts'
import { openDebianArchive } from './debian-archive.ts'
import { findKernelFiles } from './kernel-files.ts'
import { provideKernel } from './kernel-store.ts'
import { hostKernelFiles, kernelFilesAt, storeOwnKernel } from './own-kernel.ts'
import { vmObstacle } from './testing/vm-obstacle.ts'
import { vmMachine } from './vm-machine.ts'
import { vmNameOfFile } from './vm-name.ts'

const kernelName = '6.1'

/** A root as an installation of the kernel's package leaves it. */
let root = ''
let release = ''
const reason = (await vmObstacle(kernelName)) ?? (await unpackPackage())

/** Why the package cannot be had, when it cannot. */
async function unpackPackage(): Promise<string | undefined> {
  root = await mkdtemp(join(tmpdir(), 'netwright-root-'))
  release = (await provideKernel(await findKernel(kernelName), () => undefined)).release
  try {
    const archive = await openDebianArchive('bookworm', `Linux ${release}`)
    await archive.unpack([`linux-image-${release}`], root)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  }
}

afterAll(() => rm(root, { recursive: true, force: true }))

const bzImage = () => join(root, 'boot', `vmlinuz-${release}`)

async function bootedRelease(name: string): Promise<string> {
  const machine = await vmMachine(name)
  try {
    expect(await machine.can('link:ipvlan')).toEqual({ able: true })
    return machine.facts.kernel
  } finally {
    await machine.dispose()
  }
}

if (reason === undefined) ownKernelTests()
else test('a kernel of the user’s', (context) => context.skip(reason))

function ownKernelTests(): void {
  test('a kernel of the user’s boots as bzImage, with the folder that was INSTALL_MOD_PATH', async () => {
    expect(await bootedRelease(vmNameOfFile(bzImage(), root))).toBe(release)
  })

  test('a kernel of the user’s boots as vmlinux, with the folder of its modules', async () => {
    const { vmlinux } = await provideKernel(await findKernel(kernelName), () => undefined)
    expect(await bootedRelease(vmNameOfFile(vmlinux, join(root, 'lib/modules', release)))).toBe(release)
  })

  test('a kernel of the user’s installed on a machine is its vm:host', async () => {
    const files = await hostKernelFiles(root, release)
    expect(files).toEqual({
      release,
      image: bzImage(),
      modules: join(root, 'lib/modules', release),
      config: join(root, 'boot', `config-${release}`),
    })
    expect(await findKernelFiles(root)).toEqual(files)
    const stored = await storeOwnKernel(files)
    const fetched = await provideKernel(await findKernel(kernelName), () => undefined)
    expect((await readFile(stored.vmlinux)).equals(await readFile(fetched.vmlinux))).toBe(true)
    expect((await readFile(stored.modules)).equals(await readFile(fetched.modules))).toBe(true)
  })

  test('a kernel of the user’s is refused with what it lacks when its drivers are modules and there are none', async () => {
    const alone = storeOwnKernel({ release, image: bzImage(), config: join(root, 'boot', `config-${release}`) })
    await expect(alone).rejects.toThrow(/built without CONFIG_VIRTIO_PCI \(a module, and there are none\)/)
    await expect(alone).rejects.toThrow('--modules DIR')
  })

  test('a kernel of the user’s is refused with modules of another version, and with a folder that holds none', async () => {
    const other = await kernelFilesAt(bzImage(), root)
    await expect(storeOwnKernel({ ...other, release: '9.9.9' })).rejects.toThrow(`The modules are of Linux ${release}`)
    const none = await kernelFilesAt(bzImage(), tmpdir())
    await expect(storeOwnKernel(none)).rejects.toThrow('this is no folder of kernel modules')
  })
}

test('a machine that has not installed its kernel says how to get one', async () => {
  await expect(hostKernelFiles(tmpdir(), '6.1.0-77')).rejects.toMatchObject({ code: 'NETWRIGHT_UNSUPPORTED' })
  await expect(hostKernelFiles(tmpdir(), '6.1.0-77')).rejects.toThrow('apt-get install -y linux-image-6.1.0-77')
})

test('a file that is not there is told as such', async () => {
  await expect(kernelFilesAt('/nowhere/bzImage')).rejects.toThrow(/cannot be read: ENOENT/)
})
