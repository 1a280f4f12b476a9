import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { PathResultFile } from '@allurereport/reader-api'

/**
 * A file of Allure results that is read in one go. Allure itself reads each of a thousand small files as a stream, one after
 * the other: that is most of the time that its page takes.
 */
class SmallFile extends PathResultFile {
  // What cannot be read is told to whoever waits for it.
  override asBuffer(): Promise<Buffer> {
    return new Promise((resolve) => {
      resolve(readFileSync(this.path))
    })
  }

  override async asUtf8String(): Promise<string> {
    return (await this.asBuffer()).toString('utf8')
  }

  override async asJson<Type>(): Promise<Type> {
    return JSON.parse(await this.asUtf8String()) as Type
  }
}

/** The files of a folder of Allure results, in the order of their names. */
export function resultFilesIn(folder: string): readonly PathResultFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp'))
    .map(({ name }) => name)
    .sort()
    .map((name) => new SmallFile(realpathSync(join(folder, name)), name))
}
