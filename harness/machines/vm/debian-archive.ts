import { access, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NetwrightError } from '../../model/errors.ts'
import { cacheFolder } from './cache-folder.ts'
import { tool } from './tool.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** Variable that names a mirror of Debian's archive, for machines whose own sources have none. */
export const mirrorVariable = 'NETWRIGHT_DEBIAN_MIRROR'

/** A suite of Debian's archive, read with a state of its own: this machine's sources and lists stay as they are. */
export interface DebianArchive {
  /** Names of the packages that one depends on. */
  readonly dependencies: (name: string) => Promise<readonly string[]>
  /**
   * Fetches packages, verified by the suite's signature, and unpacks them into one folder.
   *
   * @param onBytes - gets now and then how many bytes have come, and how many there are
   */
  readonly unpack: (
    names: readonly string[],
    folder: string,
    onBytes?: (done: number, total: number) => void,
  ) => Promise<void>
}

/**
 * Opens a suite and brings its lists up to date. Call it under the cache's lock: apt keeps one state per suite.
 *
 * @throws NETWRIGHT_KERNEL_NOT_FETCHED when there is no apt, no keyring, no mirror or no network
 */
export async function openDebianArchive(suite: string, wanted: string): Promise<DebianArchive> {
  const unable = (what: string, next: string): NetwrightError =>
    new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `${wanted} cannot be fetched: ${what}`, { next })
  if (!(await exists(keyring))) {
    throw unable(
      `${keyring} is missing, which proves where packages come from`,
      'apt-get install -y debian-archive-keyring',
    )
  }
  const mirror = process.env[mirrorVariable] ?? (await machinesMirror())
  if (mirror === undefined) {
    throw unable(
      'the sources of this machine name no mirror of Debian',
      `Set ${mirrorVariable} to the URL of one, such as http://MIRROR/debian.`,
    )
  }
  const folder = await cacheFolder('apt', suite)
  await Promise.all(['lists/partial', 'archives/partial'].map((path) => mkdir(join(folder, path), { recursive: true })))
  await writeFile(join(folder, 'sources.list'), `deb [arch=amd64 signed-by=${keyring}] ${mirror} ${suite} main\n`)
  await writeFile(join(folder, 'status'), '')
  const options = [
    `Dir::State=${folder}`,
    `Dir::State::Lists=${folder}/lists`,
    `Dir::State::status=${folder}/status`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${folder}/archives`,
    `Dir::Etc::SourceList=${folder}/sources.list`,
    'Dir::Etc::SourceParts=-',
    'Dir::Etc::Preferences=-',
    'Dir::Etc::PreferencesParts=-',
    'APT::Architecture=amd64',
    'APT::Architectures=amd64',
    'APT::Sandbox::User=root',
    'APT::Get::AllowUnauthenticated=false',
    'Acquire::AllowInsecureRepositories=false',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
    'APT::Update::Error-Mode=any',
  ].flatMap((option) => ['-o', option])
  const apt = (program: 'apt-get' | 'apt-cache', args: readonly string[], cwd = folder): Promise<Buffer> =>
    tool([program, '-q', ...options, ...args], { cwd, code: 'NETWRIGHT_KERNEL_NOT_FETCHED' }).catch(
      (error: unknown) => {
        // The options say nothing to a user.
        const said = error instanceof NetwrightError ? error.details.stderr : String(error)
        throw new NetwrightError('NETWRIGHT_KERNEL_NOT_FETCHED', `${wanted} cannot be fetched`, {
          command: [program, ...args].join(' '),
          ...(said === undefined ? {} : { stderr: said }),
          next: `Connect this machine to ${mirror}, or fetch on another (netwright kernels fetch) and copy ${dirname(dirname(folder))} here.`,
        })
      },
    )
  await apt('apt-get', ['update'])
  return {
    dependencies: async (name) => {
      const text = (await apt('apt-cache', ['depends', '--important', name])).toString()
      return [...text.matchAll(/^\s*(?:Pre)?Depends: ([^<\s]+)$/gm)].map(([, found = '']) => found)
    },
    unpack: async (names, target, onBytes) => {
      const archives = join(folder, 'archives')
      await rm(archives, { recursive: true })
      await mkdir(join(archives, 'partial'), { recursive: true })
      const uris = (await apt('apt-get', ['download', '--print-uris', ...names], archives)).toString()
      const total = [...uris.matchAll(/^'[^']+' \S+ (\d+) /gm)].reduce((sum, [, size]) => sum + Number(size), 0)
      const watching = setInterval(() => {
        void bytesIn(archives).then((done) => onBytes?.(done, total))
      }, 250)
      await apt('apt-get', ['download', ...names], archives).finally(() => {
        clearInterval(watching)
      })
      for (const file of await readdir(archives)) {
        if (!file.endsWith('.deb')) continue
        const next = `Fetch it again; a package that apt has checked is whole, so if it stays so, look at the disk of ${archives}.`
        await tool(['dpkg', '-x', join(archives, file), target], { code: 'NETWRIGHT_KERNEL_NOT_FETCHED', next })
      }
      await rm(archives, { recursive: true })
    },
  }
}

/** Bytes of the files below a folder, those that are still being written too. */
async function bytesIn(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = files
    .filter((file) => file.isFile())
    .map((file) =>
      stat(join(file.parentPath, file.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** The mirror of Debian's archive that this machine itself uses. */
export async function machinesMirror(): Promise<string | undefined> {
  const format = '$(REPO_URI)|$(ORIGIN)|$(COMPONENT)'
  const text = await tool(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'], {
    code: 'NETWRIGHT_KERNEL_NOT_FETCHED',
    next: 'Kernels come as Debian packages: use a machine with apt, or `--kernel FILE`.',
  })
  for (const line of text.toString().split('\n')) {
    const [uri = '', origin, component] = line.split('|')
    // Security updates have an archive of their own, with fewer suites.
    if (component !== 'main' || /security/.test(uri)) continue
    // apt knows the origin only once it has the lists.
    if (origin === 'Debian' || /\/debian\/?$/.test(uri)) return uri
  }
  return undefined
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
