import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const reason = process.geteuid?.() === 0 ? undefined : 'boxes are built by root'

// In place of mmdebstrap, whose children take a moment to notice, something that never does.
const stubborn = `#!/usr/bin/perl
$SIG{$_} = 'IGNORE' for qw(HUP INT TERM PIPE);
my ($tree) = grep { m{/tree$} } @ARGV;
for (my $i = 0; $i < 60_000; $i++) {
    mkdir $tree;
    mkdir "$tree/" . $i % 100;
    open my $file, '>', "$tree/" . $i % 100 . "/$i";
    select undef, undef, undef, 0.001;
}
`

async function emptyCache(): Promise<{ cache: string; boxes: string }> {
  const cache = await mkdtemp(join(tmpdir(), 'netwright-build-'))
  onTestFinished(() => rm(cache, { recursive: true, force: true, maxRetries: 5 }))
  const boxes = join(cache, 'netwright/vagrant/boxes')
  await mkdir(boxes, { recursive: true })
  return { cache, boxes }
}

test('kill -9 while a box is built leaves no half-made one, and nobody who goes on making it', async (context) => {
  if (reason !== undefined) context.skip(reason)
  const { cache, boxes } = await emptyCache()
  await mkdir(join(cache, 'bin'))
  await writeFile(join(cache, 'bin/mmdebstrap'), stubborn, { mode: 0o755 })
  const source = `
    const { findBox } = await import(${JSON.stringify(new URL('box-catalogue.ts', import.meta.url).href)})
    const { provideBox } = await import(${JSON.stringify(new URL('built-box.ts', import.meta.url).href)})
    await provideBox(await findBox('debian12'), () => undefined)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: {
      ...process.env,
      XDG_CACHE_HOME: cache,
      PATH: [join(cache, 'bin'), process.env['PATH']].join(delimiter),
      NETWRIGHT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian',
    },
    stdio: 'inherit',
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    for (const { pid } of await processesOf(cache)) process.kill(pid, 'SIGKILL')
  })
  const ended = once(child, 'exit')
  const made = async () => (await readdir(boxes, { recursive: true })).filter((path) => path.includes('/tree/')).length
  await expect.poll(made, { timeout: 20_000, interval: 50 }).toBeGreaterThan(300)
  child.kill('SIGKILL')
  await ended
  const left = async () => ({ boxes: await readdir(boxes), processes: await processesOf(cache) })
  await expect.poll(left, { timeout: 10_000, interval: 50 }).toEqual({ boxes: ['lock'], processes: [] })
})

test('`netwright clean` lists and removes what is half made and nobody makes any more', async () => {
  const { cache, boxes } = await emptyCache()
  for (const name of ['scratch-aaaaaa', 'debian12-0123']) {
    await mkdir(join(boxes, name, 'tree'), { recursive: true })
    await writeFile(join(boxes, name, 'tree/file'), 'text')
  }
  const clean = (...args: readonly string[]): string => {
    const argv = [fileURLToPath(new URL('../../cli/main.ts', import.meta.url)), 'clean', ...args]
    const env = { ...process.env, XDG_CACHE_HOME: cache, DOCKER_HOST: '' }
    return execFileSync(process.execPath, argv, { env, stdio: 'pipe' }).toString()
  }
  const holder = spawn('flock', [join(boxes, 'lock'), 'sh', '-c', 'echo held; cat'], { stdio: 'pipe' })
  await once(holder.stdout, 'data')
  // Somebody is making it.
  expect(clean('--list')).not.toContain('scratch-')
  holder.stdin.end()
  await once(holder, 'exit')
  expect(clean('--list')).toMatch(/^half-made box +scratch-aaaaaa/m)
  expect(await readdir(boxes)).toContain('scratch-aaaaaa')
  clean()
  expect((await readdir(boxes)).sort()).toEqual(['debian12-0123', 'lock'])
})

/** The processes that have a folder in their environment. */
async function processesOf(folder: string): Promise<readonly { pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const read = (pid: string, name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  const found = await Promise.all(
    pids.map(async (pid) => {
      const isOurs = (await read(pid, 'environ')).includes(folder)
      return isOurs ? [{ pid: Number(pid), command: (await read(pid, 'cmdline')).replaceAll('\0', ' ') }] : []
    }),
  )
  return found.flat()
}
