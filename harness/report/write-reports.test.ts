import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateAllureHtml } from './allure-html.ts'
import { sampleMachine, sampleRun, sampleScenario } from './testing/sample-run.ts'
import { assertWritable, writeReports } from './write-reports.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'netwright-report-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

test('a whole report: one page that opens from the disk and loads nothing from elsewhere', async () => {
  await writeFile(join(dir, 'mine.txt'), 'stays')
  const other = sampleScenario({ machine: { ...sampleMachine, kind: 'vm', kernel: '6.12.1' } })
  const run = sampleRun([...sampleRun().scenarios, other])
  const targets = { dir, json: join(dir, 'results.json'), junit: join(dir, 'junit.xml') }
  const first = await writeReports(run, targets)
  const written = await writeReports(run, targets)
  expect(written).toEqual(first)
  expect((await readdir(dir)).sort()).toEqual(['allure-results', 'index.html', 'junit.xml', 'mine.txt', 'results.json'])

  const page = await readFile(written.index ?? '', 'utf8')
  expect(page).not.toMatch(/googletagmanager|<(script|link|img)[^>]*(src|href)="https?:/)
  const embedded = (name: string) => {
    const text = new RegExp(`'${name}'\\s*,\\s*'([^']*)'|"${name}"\\s*,\\s*"([^"]*)"`).exec(page)
    return Buffer.from(text?.[1] ?? text?.[2] ?? '', 'base64').toString()
  }
  const environments = embedded('widgets/environments.json')
  expect(environments).toContain('local 6.1.0-32-amd64')
  expect(environments).toContain('vm 6.12.1')
}, 30_000)

test('many small files instead of one page', async () => {
  const folder = join(dir, 'many')
  const index = await generateAllureHtml([join(dir, 'allure-results')], folder, { singleFile: false })
  expect(index).toBe(join(folder, 'allure', 'index.html'))
  expect(await readdir(folder)).toEqual(['allure'])
}, 30_000)

test('a folder that cannot be written is refused before the run', async () => {
  const file = join(dir, 'a-file')
  await writeFile(file, '')
  await expect(assertWritable(join(file, 'report'))).rejects.toMatchObject({
    code: 'NETWRIGHT_REPORT_NOT_WRITABLE',
    kind: 'usage',
    message: expect.stringContaining('a-file/report cannot be written') as string,
  })
})
