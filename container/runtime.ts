// The folder mounted at /opt/ropeway in every task: our node with its own loader and libraries, tini, the launcher,
// run_train.sh and moxing. Named by what is in it, so tasks keep the bytes they began with (decisions.md 1.1).
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { interpreterOf, librariesOf } from './elf.ts'
import { LAUNCHER_FILES } from './launcher-files.ts'

export type RuntimeOptions = {
  /** Holds `runtime-<hash>` folders of this and earlier versions. */
  readonly cacheDir: string
  /** The server's own Node 24: process.execPath. */
  readonly nodePath: string
  readonly tiniPath?: string
}

/** A file to be: from another file, or with this text. */
type Entry = {
  readonly name: string
  readonly from?: string
  readonly text?: string
  readonly executable: boolean
}

const TINI = '/usr/bin/tini-static'
/** Small programs of the machine that Node has no call for: named pipes, and the CPUs a thread may use. */
const TOOLS = ['mkfifo', 'taskset']

/**
 * Makes the folder unless it is there. Safe for several at once: it is built aside and renamed.
 * Throws an Error that names what to install.
 */
export async function prepareRuntime(
  options: RuntimeOptions,
): Promise<{ readonly dir: string; readonly hash: string }> {
  const entries = await listEntries(options)
  const hash = await hashOf(entries)
  const dir = join(options.cacheDir, `runtime-${hash}`)
  if (await isWhole(dir, entries)) return { dir, hash }
  const aside = join(options.cacheDir, `.runtime-${hash}-${randomBytes(6).toString('hex')}`)
  try {
    for (const entry of entries) await place(join(aside, entry.name), entry)
    await rename(aside, dir).catch(async (error: unknown) => {
      // Somebody else was faster; the same hash means the same bytes.
      if (await isWhole(dir, entries)) return
      if (!existsSync(dir)) throw error
      await rename(dir, `${aside}.broken`)
      await rename(aside, dir)
    })
  } finally {
    await rm(aside, { recursive: true, force: true })
    await rm(`${aside}.broken`, { recursive: true, force: true })
  }
  return { dir, hash }
}

/**
 * Makes a folder of its own for images that bring the launcher themselves. Throws an Error when there is something by
 * that name already; nothing is left behind then.
 */
export async function exportRuntime(dir: string, nodePath: string): Promise<void> {
  const found = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (found.length > 0) throw new Error(`${dir} is there and not empty; valid: a new folder`)
  await mkdir(dirname(dir), { recursive: true })
  const aside = await mkdtemp(join(dirname(dir), '.ropeway-launcher-'))
  try {
    const { dir: made } = await prepareRuntime({ cacheDir: aside, nodePath })
    await rename(made, dir)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function listEntries({ nodePath, tiniPath = TINI }: RuntimeOptions): Promise<Entry[]> {
  const root = packageRoot()
  const loader = await interpreterOf(nodePath)
  if (loader === null)
    throw new Error(
      `${nodePath} is no dynamically linked 64-bit program; valid: Node 24 for Linux with glibc`,
    )
  await access(tiniPath).catch(() => {
    throw new Error(`${tiniPath} is missing; install the Debian package tini (apt-get install tini)`)
  })
  const tools = TOOLS.map((name) => `/usr/bin/${name}`).filter((path) => existsSync(path))
  const linked = await Promise.all([nodePath, ...tools].map((path) => librariesOf(loader, path)))
  const libraries = new Map(linked.flatMap((found) => [...found]))
  const container = join(root, 'container')
  return [
    { name: 'node', from: nodePath, executable: true },
    { name: `lib/${basename(loader)}`, from: loader, executable: true },
    ...[...libraries].map(([name, from]) => ({ name: `lib/${name}`, from, executable: false })),
    { name: 'tini', from: tiniPath, executable: true },
    ...tools.map((path) => ({ name: basename(path), from: path, executable: true })),
    ...(await launcherFiles(root)),
    { name: 'launcher', text: await readFile(join(container, 'launcher.sh'), 'utf8'), executable: true },
    { name: 'pty.py', text: await readFile(join(container, 'pty.py'), 'utf8'), executable: false },
    { name: 'run_train.sh', text: await readFile(join(container, 'run_train.sh'), 'utf8'), executable: true },
    ...(await pythonFiles(join(container, 'moxing', 'moxing'), 'moxing/moxing')),
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** From source where there is source, else the files that were published. */
async function launcherFiles(root: string): Promise<Entry[]> {
  const fromSource = existsSync(join(root, 'src/launcher/main.ts'))
  const texts = fromSource ? await bundledFiles(root) : await publishedFiles(join(root, 'dist'))
  return Object.entries(texts).map(([name, text]) => ({ name, text, executable: false }))
}

/** In a process of its own: the bundler's service would else stay beside a server for as long as that lives. */
async function bundledFiles(root: string): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'ropeway-bundle-'))
  try {
    await promisify(execFile)(process.execPath, [join(root, 'container/bundle.ts'), folder])
    return await publishedFiles(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function publishedFiles(dist: string): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(LAUNCHER_FILES.map(async (name) => [name, await readFile(join(dist, name), 'utf8')])),
  )
}

async function pythonFiles(dir: string, name: string): Promise<Entry[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
  return Promise.all(
    files.map(async (entry) => {
      const from = join(entry.parentPath, entry.name)
      return {
        name: join(name, from.slice(dir.length)),
        text: await readFile(from, 'utf8'),
        executable: false,
      }
    }),
  )
}

async function hashOf(entries: readonly Entry[]): Promise<string> {
  const hash = createHash('sha256')
  for (const { name, from, text, executable } of entries) {
    const size = from === undefined ? Buffer.byteLength(text ?? '') : (await stat(from)).size
    hash.update(`${name}\0${size}\0${executable}\0`)
    if (from === undefined) hash.update(text ?? '')
    else for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) hash.update(chunk)
  }
  return hash.digest('hex').slice(0, 16)
}

/** All files there with their sizes: a power cut can leave a folder whose bytes never reached the disk. */
async function isWhole(dir: string, entries: readonly Entry[]): Promise<boolean> {
  const whole = await Promise.all(
    entries.map(async ({ name, from, text }) => {
      const size = from === undefined ? Buffer.byteLength(text ?? '') : (await stat(from)).size
      return stat(join(dir, name)).then(
        (found) => found.size === size,
        () => false,
      )
    }),
  )
  return whole.every(Boolean)
}

/** Any uid may read and run it. Big files are linked where the file system lets us: node alone has 127 MB. */
async function place(path: string, { from, text, executable }: Entry): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  if (from === undefined) await writeFile(path, text ?? '')
  else if (await linkReadable(from, path, executable)) return
  else await copyFile(from, path)
  await chmod(path, executable ? 0o755 : 0o644)
}

async function linkReadable(from: string, path: string, executable: boolean): Promise<boolean> {
  const needed = executable ? 0o555 : 0o444
  const found = await stat(from)
  if ((found.mode & needed) !== needed || found.size < 1 << 20) return false
  return link(await realpath(from), path).then(
    () => true,
    () => false,
  )
}

function packageRoot(): string {
  let dir = import.meta.dirname
  while (!existsSync(join(dir, 'package.json'))) {
    if (dir === dirname(dir)) throw new Error(`no package.json above ${import.meta.dirname}`)
    dir = dirname(dir)
  }
  return dir
}
