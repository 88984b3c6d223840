// A PostgreSQL of the tests' own, from Debian's package: a cluster in a temporary folder, reached by a Unix socket only.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { childrenOf, sendSignal, statOf } from '../../src/backend/process.ts'
import { sleep } from '../../src/lib/abort.ts'

const run = promisify(execFile)
const ROOT = '/usr/lib/postgresql'
const PORT = 5432

export type PostgresEngine = AsyncDisposable & {
  /** Folder of the socket. */
  readonly socketDir: string
  /** `postgres://…` of a new, empty database. */
  newDatabase(): Promise<string>
  start(): Promise<void>
  /** SIGINT: a fast shutdown · SIGKILL: as a power cut. Resolves when it is gone. */
  stop(signal: 'SIGINT' | 'SIGKILL'): Promise<void>
}

/**
 * Starts a cluster. Needs Debian's `postgresql` and, as root, its user `postgres`: the server refuses root.
 * Without `fsync`, because a killed process loses nothing that it has written; only a machine does that forgets its memory.
 */
export async function startPostgres({ fsync = false } = {}): Promise<PostgresEngine> {
  const bin = binaries()
  const dir = await mkdtemp(join(tmpdir(), 'rwp-'))
  const drop = process.getuid?.() === 0 ? await dropTo(dir, 'postgres') : []
  const data = join(dir, 'data')
  const as = (program: string, args: readonly string[]): [string, string[]] => {
    const [command = '', ...rest] = [...drop, join(bin, program), ...args]
    return [command, rest]
  }
  await run(
    ...as('initdb', [
      '-D',
      data,
      '-A',
      'trust',
      '-U',
      'postgres',
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ]),
  )
  let child: ChildProcess | null = null
  const start = async (): Promise<void> => {
    await using log = await open(join(dir, 'log'), 'a')
    const settings = [
      '-c',
      'listen_addresses=',
      '-c',
      `unix_socket_directories=${dir}`,
      '-c',
      'max_connections=60',
      '-c',
      `fsync=${fsync ? 'on' : 'off'}`,
    ]
    child = spawn(...as('postgres', ['-D', data, ...settings]), {
      cwd: dir,
      stdio: ['ignore', log.fd, log.fd],
    })
    await untilAnswering(dir, child)
  }
  const stop = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    const running = child
    if (running === null || running.exitCode !== null || running.signalCode !== null) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    // Its backends would serve on for a while and keep a new server from starting.
    const family = signal === 'SIGKILL' ? childrenOf([running.pid ?? 0]) : []
    running.kill(signal)
    await gone
    for (const pid of family) sendSignal(pid, 'SIGKILL')
    while (family.some((pid) => !/^[XZ]?$/.test(statOf(pid)?.state ?? ''))) await sleep(5)
  }
  await start()
  let made = 0
  return {
    socketDir: dir,
    start,
    stop,
    newDatabase: async () => {
      const name = `test_${++made}`
      await withClient(dir, (client) =>
        client.query(`create database ${name} template template0 locale_provider icu icu_locale 'en-US'`),
      )
      return `postgres://postgres@/${name}?host=${encodeURIComponent(dir)}&port=${PORT}`
    },
    [Symbol.asyncDispose]: async () => {
      await stop('SIGINT')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function binaries(): string {
  let versions: string[] = []
  try {
    versions = readdirSync(ROOT).sort((a, b) => Number(b) - Number(a))
  } catch {
    // Said below.
  }
  if (versions[0] === undefined) throw new Error(`${ROOT} is missing; apt-get install postgresql`)
  return join(ROOT, versions[0], 'bin')
}

/** The folder becomes that user's; returns what to put before a command. */
async function dropTo(dir: string, user: string): Promise<string[]> {
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined)
    throw new Error(`there is no user ${user}; apt-get install postgresql`)
  await chown(dir, Number(uid), Number(gid))
  await chmod(dir, 0o755)
  return ['setpriv', '--reuid', uid, '--regid', gid, '--clear-groups']
}

async function withClient<T>(dir: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ host: dir, port: PORT, user: 'postgres', database: 'postgres' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function untilAnswering(dir: string, child: ChildProcess): Promise<void> {
  for (const deadline = performance.now() + 30_000; ; await sleep(20)) {
    const up = await withClient(dir, () => Promise.resolve(true)).catch(() => false)
    if (up) return
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`postgres does not answer:\n${(await readFile(join(dir, 'log'), 'utf8')).slice(-2000)}`)
  }
}
