// How long a 1 GiB transfer keeps other work of its process waiting: `node bench/objects/loop-delay.ts [MIB]`, default
// 1024, about a minute. Three processes: the object server's code behind a task's socket, the launcher's transfers, and
// one that does nothing and shows what the machine itself does to a timer. Each tells its longest event-loop delays.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { openObjects } from '../../src/launcher/object-transfer.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { authorizeAlways } from '../../src/storage/server/authorize.ts'
import { createObjectHandler } from '../../src/storage/server/object-handler.ts'
import { openObjectStore } from '../../src/storage/server/object-store.ts'
import { walkFolder } from '../../src/storage/transfer/walk-folder.ts'
import { makeFiles } from './files.ts'

const MIB = 1024 ** 2
const BUCKET = 'bucket'
const TRANSFERS = ['one up', 'one down', 'many up', 'many down'] as const
type Transfer = (typeof TRANSFERS)[number]
type Order = { readonly kind: 'transfer'; readonly transfer: Transfer } | { readonly kind: 'reset' | 'tell' }

const histogram = monitorEventLoopDelay({ resolution: 1 })
/** The longest that this thread itself has worked between two ticks: a machine that is busy elsewhere does not count. */
const worked = { turns: [] as number[], last: 0 }
const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
function watchWork(): void {
  worked.last = threadMs()
  setInterval(() => {
    const now = threadMs()
    worked.turns.push(now - worked.last)
    worked.last = now
  }, 1).unref()
}

/** The last millisecond of each delay is the timer's own. */
const figures = () => {
  const ms = (nanoseconds: number): number => Math.round((nanoseconds / 1e6 - 1) * 10) / 10
  const turns = worked.turns.toSorted((a, b) => a - b)
  const work = (share: number): number =>
    Math.round((turns[Math.floor((turns.length - 1) * share)] ?? 0) * 10) / 10
  const { max } = histogram
  return { p99: ms(histogram.percentile(99)), max: ms(max), work99: work(0.99), work: work(1) }
}

async function serve(dir: string): Promise<void> {
  const store = await openObjectStore({ dir: join(dir, 'store'), clock: systemClock })
  await store.createBucket(BUCKET)
  const server = createServer(createObjectHandler({ store, authorize: authorizeAlways('') }))
  server.listen(join(dir, 'task.sock'))
  await once(server, 'listening')
}

async function transfer(dir: string, what: Transfer): Promise<void> {
  const objects = openObjects(join(dir, 'task.sock'))
  const { signal } = new AbortController()
  const name = what.split(' ')[0] ?? ''
  const url = `obs://${BUCKET}/${name}/`
  if (what.endsWith('down')) return void (await objects.download(url, join(dir, `down-${name}`), signal))
  const { files } = await walkFolder(join(dir, name), '')
  await objects.send(files, url, signal, ({ name: file }, { state }) => {
    if (state !== 'sent') throw new Error(`${file} is ${state}`)
  })
}

/** A child: does its part, and tells its figures when asked. */
async function part(role: string, dir: string): Promise<void> {
  if (role === 'server') await serve(dir)
  histogram.enable()
  watchWork()
  process.on('message', (order: Order) => {
    if (order.kind === 'reset') {
      histogram.reset()
      Object.assign(worked, { turns: [], last: threadMs() })
    }
    if (order.kind !== 'transfer') return void process.send?.(figures())
    transfer(dir, order.transfer).then(
      () => process.send?.({}),
      (error: unknown) => {
        console.error(error)
        process.exitCode = 1
        process.disconnect()
      },
    )
  })
  process.send?.({})
}

async function ask(child: ChildProcess, order: Order): Promise<Record<string, number>> {
  child.send(order)
  const [answer] = (await once(child, 'message')) as [Record<string, number>]
  return answer
}

async function main(): Promise<void> {
  const total = Number(process.argv[2] ?? 1024) * MIB
  const dir = mkdtempSync(join(process.env['TMPDIR'] ?? tmpdir(), 'rw-loop-'))
  const roles = ['server', 'launcher', 'idle'] as const
  const children: ChildProcess[] = []
  try {
    mkdirSync(join(dir, 'one'))
    makeFiles(join(dir, 'one', 'file'), 1, total)
    makeFiles(join(dir, 'many'), total / (8 * MIB), 8 * MIB)
    for (const role of roles) {
      const child = fork(import.meta.filename, [], { env: { ...process.env, ROLE: role, ROLE_DIR: dir } })
      await once(child, 'message')
      children.push(child)
    }
    console.log(
      `load ${loadavg()[0]?.toFixed(1)}; ms of delay: 99 % below, longest (ms of own work in one go: the same)`,
    )
    for (const what of TRANSFERS) {
      for (const child of children) await ask(child, { kind: 'reset' })
      const startMs = performance.now()
      await ask(children[1] as ChildProcess, { kind: 'transfer', transfer: what })
      const rate = total / MIB / ((performance.now() - startMs) / 1000)
      const told: string[] = []
      for (const [at, child] of children.entries()) {
        const { p99, max, work99, work } = await ask(child, { kind: 'tell' })
        told.push(`${roles[at]} ${p99} ${max} (${work99} ${work})`)
      }
      console.log(`${what.padEnd(10)} ${rate.toFixed(0).padStart(5)} MiB/s   ${told.join('   ')}`)
    }
  } finally {
    for (const child of children) child.disconnect()
    for (const child of children) child.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

const { ROLE, ROLE_DIR } = process.env
if (ROLE !== undefined && ROLE_DIR !== undefined) await part(ROLE, ROLE_DIR)
else await main()
