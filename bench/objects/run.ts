// Object transfers beside s5cmd, rclone and aws, on our server and on SeaweedFS, in memory and on disk:
//   node bench/objects/run.ts [--full] [tmpfs|disk]
// Takes about 10 minutes; --full moves 4 GiB (in memory 1 GiB), 10,000 × 256 KiB and 100,000 × 4 KiB, which takes an hour.
// Prints one line a transfer: seconds, the client's and the server's processor seconds.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { ROOT } from '../../test/e2e/harness.ts'
import { cpuSeconds } from '../process-usage.ts'
import { makeFiles } from './files.ts'
import {
  type Client,
  clientsFor,
  type Direction,
  type Shape,
  type Store,
  startOurs,
  startSeaweed,
} from './peers.ts'

const run = promisify(execFile)
const MIB = 1024 ** 2
const ROUNDS = 2
/** What took longer is not taken again, and is less in need of it. */
const AGAIN_S = 20
/** It takes minutes for so many. */
const AWS_FILES = 20_000

type Set = { readonly name: string; readonly shape: Shape; readonly count: number; readonly bytes: number }
const QUICK: readonly Set[] = [
  { name: '1 × 1 GiB', shape: 'file', count: 1, bytes: 1024 * MIB },
  { name: '2,000 × 256 KiB', shape: 'folder', count: 2_000, bytes: MIB / 4 },
  { name: '10,000 × 4 KiB', shape: 'folder', count: 10_000, bytes: 4096 },
]
const FULL: readonly Set[] = [
  { name: '1 × 4 GiB', shape: 'file', count: 1, bytes: 4096 * MIB },
  { name: '10,000 × 256 KiB', shape: 'folder', count: 10_000, bytes: MIB / 4 },
  { name: '100,000 × 4 KiB', shape: 'folder', count: 100_000, bytes: 4096 },
]

type Took = { readonly seconds: number; readonly cpu: number; readonly server: number }

/** A command with its times, taken by bash: it alone says what ended children used. */
async function take(client: Client, store: Store, argv: readonly string[]): Promise<Took> {
  const before = cpuSeconds(store.pid)
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null'
  const env = { ...process.env, ...client.env(store) }
  const { stderr } = await run('bash', ['-c', script, 'bash', ...argv], { env, maxBuffer: 1 << 26 })
  const [seconds = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return { seconds, cpu: user + system, server: cpuSeconds(store.pid) - before }
}

/** Every client brings the same files up and down again, one after the other; of ours and s5cmd the better of two rounds counts. */
async function measure(store: Store, medium: string, set: Set, source: string, dir: string): Promise<void> {
  for (const direction of ['up', 'down'] as const satisfies readonly Direction[]) {
    const best = new Map<string, Took | string>()
    for (let round = 0; round < ROUNDS; round += 1)
      for (const client of clientsFor(store)) {
        const first = best.get(client.name)
        const short = typeof first === 'object' && first.seconds < AGAIN_S
        if (round > 0 && !(short && /^(ropeway|s5cmd)/.test(client.name))) continue
        if (client.name === 'aws' && set.count > AWS_FILES) continue
        // Checksums of uploads are never left out.
        if (direction === 'up' && client.name.includes('--no-checksum')) continue
        const dest = join(dir, 'dest')
        mkdirSync(dest)
        const local = direction === 'up' ? source : set.shape === 'file' ? join(dest, 'file') : dest
        const argv = client.argv(direction, set.shape, local, `${set.count}-${set.bytes}`)
        const took = await take(client, store, argv).catch((error: unknown) => String(error).slice(0, 200))
        if (typeof took === 'string' || typeof first !== 'object' || took.seconds < first.seconds)
          best.set(client.name, took)
        rmSync(dest, { recursive: true })
      }
    for (const [name, took] of best) {
      const cells = [medium, store.name, set.name, direction, name]
      const times =
        typeof took === 'string'
          ? [`failed: ${took}`]
          : [
              `${took.seconds.toFixed(1)} s`,
              `${((set.count * set.bytes) / MIB / took.seconds).toFixed(0)} MiB/s`,
              `client ${took.cpu.toFixed(1)} s`,
              `server ${took.server.toFixed(1)} s`,
            ]
      console.log(`| ${[...cells, ...times].join(' | ')} |`)
    }
  }
}

async function onMedium(medium: string, parent: string, sets: readonly Set[]): Promise<void> {
  const dir = mkdtempSync(join(parent, 'ropeway-bench-'))
  try {
    for (const set of sets) {
      const { bavail, bsize } = statfsSync(dir)
      if (set.count * set.bytes * 8 > bavail * bsize) {
        console.log(`| ${medium} | | ${set.name} | left out: not enough room |`)
        continue
      }
      const source = makeFiles(join(dir, 'source'), set.count, set.bytes)
      for (const start of [startOurs, (data: string) => startSeaweed(data, medium === 'disk')]) {
        const data = join(dir, 'd')
        {
          await using store = await start(data)
          if (store) await measure(store, medium, set, source, dir)
        }
        rmSync(data, { recursive: true, force: true })
      }
      rmSync(join(dir, 'source'), { recursive: true })
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

// What people install is built; loading the sources would be measured too.
await run('npm', ['run', '--silent', 'build'], { cwd: ROOT })
const sets = process.argv.includes('--full') ? FULL : QUICK
console.log(
  `load average at the start: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
)
console.log(
  '| medium | store | files | | client | time | rate | processor | processor |\n|---|---|---|---|---|---|---|---|---|',
)
// SeaweedFS keeps what was overwritten: several times 4 GiB would not fit into memory.
const inMemory = sets.map((set) => (set.bytes > 1024 * MIB ? (QUICK[0] as Set) : set))
const isWanted = (medium: string): boolean =>
  !process.argv.some((arg) => arg !== medium && /^(tmpfs|disk)$/.test(arg))
if (isWanted('tmpfs')) await onMedium('tmpfs', '/dev/shm', inMemory)
if (isWanted('disk')) await onMedium('disk', tmpdir(), sets)
console.log(
  `load average at the end: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
)
