import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import type { Attachment, TestResult } from 'allure-js-commons'

/** What an attachment is; decides how the report shows it. */
export type AttachmentKind = 'text' | 'html' | 'svg' | 'script'

const formats = {
  text: { type: 'text/plain', extension: '.txt' },
  html: { type: 'text/html', extension: '.html' },
  svg: { type: 'image/svg+xml', extension: '.svg' },
  // Shown as text, and downloaded under a name that says how to run it.
  script: { type: 'text/plain', extension: '.sh' },
} as const satisfies Readonly<Record<AttachmentKind, { type: string; extension: string }>>

/** A folder of Allure results. */
export interface AllureFolder {
  readonly path: string
  /** Stores a text. Every attachment is a file of its own: Allure shows a shared one in one place only. */
  attach(name: string, kind: AttachmentKind, content: string): Attachment
  /** Stores a file that may be large; it is copied, never read into memory. */
  attachFile(name: string, type: string, path: string): Attachment
  writeResult(result: TestResult): void
  /** Writes any other file that Allure knows by its name, such as `environment.properties`. */
  writeFile(name: string, content: string): void
}

/**
 * Opens a folder of Allure results. The writer of allure-js-commons calls fsync for every file, which made a run of 80
 * scenarios wait for seconds; results need not survive a power cut.
 */
export function openAllureFolder(path: string): AllureFolder {
  mkdirSync(path, { recursive: true })
  const newSource = (extension: string) => `${randomUUID()}-attachment${extension}`
  return {
    path,
    attach(name, kind, content) {
      const { type, extension } = formats[kind]
      const source = newSource(extension)
      writeFileSync(join(path, source), content)
      return { name, type, source }
    },
    attachFile(name, type, from) {
      const source = newSource(extname(basename(from)))
      copyFileSync(from, join(path, source))
      return { name, type, source }
    },
    writeResult(result) {
      writeFileSync(join(path, `${result.uuid}-result.json`), JSON.stringify(result))
    },
    writeFile(name, content) {
      writeFileSync(join(path, name), content)
    },
  }
}
