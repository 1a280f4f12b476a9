import { findBox } from '../box-catalogue.ts'
import { provideBox } from '../built-box.ts'
import { needPrograms } from '../programs.ts'
import { findProvider } from '../provider.ts'

/** Why a box that is built here cannot be run, when it cannot; builds it. That it then starts is for the tests to show. */
export async function vagrantObstacle(name: string): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'a libvirt of the project’s own needs root'
  try {
    const box = await findBox(name)
    await needPrograms(box, await findProvider(box, undefined))
    if (box.kind === 'built') await provideBox(box, (sentence) => process.stderr.write(`netwright: ${sentence}\n`))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  }
}
