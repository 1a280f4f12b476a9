import { findKernel } from '../catalogue.ts'
import { provideKernel } from '../kernel-store.ts'
import { findQemu } from '../find-qemu.ts'

/** Why a VM with a kernel of the catalogue cannot be run here, when it cannot; fetches the kernel. */
export async function vmObstacle(kernelName: string): Promise<string | undefined> {
  try {
    await findQemu()
    await provideKernel(await findKernel(kernelName), () => undefined)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  }
}
