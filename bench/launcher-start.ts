// How long a task waits for the launcher; alone: `node bench/launcher-start.ts`.
// Times of files are those of the kernel's coarse clock, so single values are good to 4 ms.
import { once } from 'node:events'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  loaderOf,
  PATH,
  scratch,
  startTask,
  TestProcess,
  tableText,
  testRuntime,
} from '../container/launcher-fixture.ts'
import { TestServer } from '../container/task-server-fixture.ts'
import { median, ms, printTable, type Row } from './measure.ts'

const ROUNDS = 10
const root = (runtime: string): string[] => [
  '--tmpfs',
  '/',
  '--proc',
  '/proc',
  '--dev',
  '/dev',
  '--tmpfs',
  '/tmp',
  '--ro-bind',
  '/bin/busybox',
  '/bin/busybox',
  '--ro-bind',
  runtime,
  '/opt/ropeway',
  '--unshare-pid',
  '--die-with-parent',
]

/** bwrap of a static program: what any start in such a root costs. */
async function plainRoot(runtime: string): Promise<number> {
  const startMs = performance.now()
  await using process = new TestProcess(['bwrap', ...root(runtime), '/bin/busybox', 'echo', 'x'], { PATH })
  await process.saw(/x/)
  return performance.now() - startMs
}

/** Until the launcher in a root with busybox only asks its server for work. */
async function emptyRoot(runtime: string): Promise<number> {
  using place = scratch()
  const server = createServer().listen(join(place.dir, 'task.sock'))
  const name = loaderOf(runtime).split('/').at(-1)
  const launcher = [
    '/opt/ropeway/tini',
    '--',
    `/opt/ropeway/lib/${name}`,
    '--library-path',
    '/opt/ropeway/lib',
    '/opt/ropeway/node',
    '/opt/ropeway/launcher.js',
    'task',
  ]
  const startMs = performance.now()
  await using process = new TestProcess(
    ['bwrap', ...root(runtime), '--as-pid-1', '--bind', place.dir, '/run/ropeway', ...launcher],
    { PATH },
  )
  const [socket] = await once(server, 'connection')
  const tookMs = performance.now() - startMs
  process.child.kill('SIGKILL')
  socket.destroy()
  server.close()
  return tookMs
}

/** From the server's answer with the completed table to the first rank, through run_train.sh as a job would. */
async function tableToRank(runtime: string): Promise<number> {
  using place = scratch()
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('code/net'), { recursive: true })
  writeFileSync(at('code/net/up'), '')
  const environment = {
    RANK_TABLE_FILE: at('config'),
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    BATCH_TASK_CURRENT_INSTANCE: 'p-0',
    MA_SCRIPT_INTERPRETER: '/bin/busybox',
  }
  // `busybox PATH-OF-BOOT-FILE` has to be a word busybox knows, so the boot file is called like an applet.
  writeFileSync(at('code/net/touch'), '')
  const argv = [
    'bash',
    join(runtime, 'run_train.sh'),
    at('code/net'),
    'net/touch',
    at('log/l'),
    at('started'),
  ]
  await using server = await new TestServer(place.dir, {
    command: { mode: 'exec', argv },
    rank_table_dir: at('config'),
    environment,
  }).listen()
  server.setTable('{"status":"initializing"}')
  await using task = startTask(runtime, place.dir)
  await server.saw(/Wait for Rank table file ready/)
  const startMs = Date.now()
  server.setTable(tableText({ 'p-0': [0] }))
  await task.ended
  return statSync(at('started')).mtimeMs - startMs
}

async function times(runtime: string, measure: (runtime: string) => Promise<number>): Promise<number[]> {
  await measure(runtime)
  const values: number[] = []
  for (let round = 0; round < ROUNDS; round++) values.push(await measure(runtime))
  return values
}

function row(what: string, values: readonly number[], aimMs: number, floorMs: number | null): Row {
  const ours = median(values)
  return {
    what: `${what} (worst ${ms(Math.max(...values))})`,
    ours: ms(ours),
    peer: floorMs === null ? '-' : `${ms(floorMs)} bwrap, busybox echo`,
    difference: floorMs === null ? '-' : ms(ours - floorMs),
    aim: `< ${ms(aimMs)}`,
    met: ours < aimMs,
  }
}

/** Rows of the table; median of 10. */
export async function launcherStart(): Promise<Row[]> {
  const runtime = await testRuntime()
  const floorMs = median(await times(runtime, plainRoot))
  return [
    row('launcher up in a root with busybox only', await times(runtime, emptyRoot), 80, floorMs),
    row(
      'server has the table → first rank, through run_train.sh',
      await times(runtime, tableToRank),
      50,
      null,
    ),
  ]
}

if (import.meta.main) printTable(await launcherStart())
