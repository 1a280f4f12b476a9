import { absenceOf } from '../../testing/absence.ts'
import { findKernel } from '../catalogue.ts'
import { provideKernel } from '../kernel-store.ts'
import { findQemu } from '../find-qemu.ts'

/** Why a VM with a kernel of the catalogue cannot be run here, when it cannot; fetches the kernel. What else fails is thrown. */
export async function vmObstacle(kernelName: string): Promise<string | undefined> {
  try {
    await findQemu()
    await provideKernel(await findKernel(kernelName), () => undefined)
    return undefined
  } catch (error) {
    return absenceOf(error)
  }
}
