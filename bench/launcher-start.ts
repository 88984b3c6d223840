// How long a task waits for the launcher: `node bench/launcher-start.ts [ROUNDS]`.
// Times of files are those of the kernel's coarse clock, so single values are good to 4 ms.
import { once } from 'node:events'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { loaderOf, PATH, scratch, startTask, tableText, TestProcess, TestServer, testRuntime } from '../container/launcher-fixture.ts'

const ROUNDS = Number(process.argv[2] ?? 10)
const runtime = await testRuntime()

const ROOT = ['--tmpfs', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--ro-bind', '/bin/busybox', '/bin/busybox', '--ro-bind', runtime, '/opt/ropeway', '--unshare-pid']

/** bwrap of a static program: what any start in such a root costs. */
async function plainRoot(): Promise<number> {
  const startMs = performance.now()
  await using process = new TestProcess(['bwrap', ...ROOT, '/bin/busybox', 'echo', 'x'], { PATH })
  await process.saw(/x/)
  return performance.now() - startMs
}

/** Until the launcher in a root with busybox only asks its server for work. */
async function emptyRoot(): Promise<number> {
  using place = scratch()
  const server = createServer().listen(join(place.dir, 'task.sock'))
  const name = loaderOf(runtime).split('/').at(-1)
  const launcher = ['/opt/ropeway/tini', '--', `/opt/ropeway/lib/${name}`, '--library-path', '/opt/ropeway/lib', '/opt/ropeway/node', '/opt/ropeway/launcher.js', 'task']
  const startMs = performance.now()
  await using process = new TestProcess(['bwrap', ...ROOT, '--as-pid-1', '--bind', place.dir, '/run/ropeway', ...launcher], { PATH })
  const [socket] = await once(server, 'connection')
  const tookMs = performance.now() - startMs
  process.child.kill('SIGKILL')
  socket.destroy()
  server.close()
  return tookMs
}

/** From the server's answer with the completed table to the first rank, through run_train.sh as a job would. */
async function tableToRank(): Promise<number> {
  using place = scratch()
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('code/net'), { recursive: true })
  writeFileSync(at('code/net/up'), '')
  const environment = { RANK_TABLE_FILE: at('config'), MA_HOME: at('home'), MA_MOUNT_PATH: at('mnt'), BATCH_TASK_CURRENT_INSTANCE: 'p-0', MA_SCRIPT_INTERPRETER: '/bin/busybox' }
  // `busybox PATH-OF-BOOT-FILE` has to be a word busybox knows, so the boot file is called like an applet.
  writeFileSync(at('code/net/touch'), '')
  const argv = ['bash', join(runtime, 'run_train.sh'), at('code/net'), 'net/touch', at('log/l'), at('started')]
  await using server = await new TestServer(place.dir, { command: { mode: 'exec', argv }, rank_table_dir: at('config'), environment }).listen()
  server.setTable('{"status":"initializing"}')
  await using task = startTask(runtime, place.dir)
  await server.saw(/Wait for Rank table file ready/)
  const startMs = Date.now()
  server.setTable(tableText({ 'p-0': [0] }))
  await task.ended
  return statSync(at('started')).mtimeMs - startMs
}

/** From the exit of one rank to a peer's handler of SIGTERM. */
async function exitToSigterm(): Promise<number> {
  using place = scratch()
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('code/net'), { recursive: true })
  mkdirSync(at('config'))
  const script = `trap ': > ${at('told')}; exit 0' TERM
: > ${place.dir}/up$RANK_ID
if [ $RANK_ID = 0 ]; then until [ -e ${at('up1')} ]; do sleep 0.05; done; : > ${at('dying')}; exit 1; fi
while :; do read -t 5 x <> ${at('never')}; done
`
  writeFileSync(at('code/net/boot.sh'), script)
  writeFileSync(at('config/jobstart_hccl.json'), tableText({ 'p-0': [0, 1] }))
  const env = { PATH, RANK_TABLE_FILE: at('config'), MA_HOME: at('home'), MA_MOUNT_PATH: at('mnt'), MA_SCRIPT_INTERPRETER: '/bin/bash', ROPEWAY_RUNTIME_DIR: runtime }
  const argv = ['bash', join(runtime, 'run_train.sh'), at('code/net'), 'net/boot.sh', at('log/l')]
  await using process = new TestProcess(['bash', '-c', `mkfifo ${at('never')}; exec "$@"`, 'bash', ...argv], env)
  await process.ended
  return statSync(at('told')).mtimeMs - statSync(at('dying')).mtimeMs
}

const CLAIMS: readonly (readonly [string, number | null, () => Promise<number>])[] = [
  ['bwrap + busybox echo (the floor)', null, plainRoot],
  ['launcher up in a root with busybox only', 80, emptyRoot],
  ['table completed → first rank (static binary)', 50, tableToRank],
  ['a rank exits → its peer has SIGTERM', 20, exitToSigterm],
]

console.log(`${'what'.padEnd(48)}${'median ms'.padStart(10)}${'worst ms'.padStart(10)}${'claim'.padStart(8)}`)
for (const [title, claimMs, measure] of CLAIMS) {
  await measure()
  const values: number[] = []
  for (let round = 0; round < ROUNDS; round++) values.push(await measure())
  values.sort((a, b) => a - b)
  const median = values[Math.floor(values.length / 2)] ?? Number.NaN
  const worst = values.at(-1) ?? Number.NaN
  const missed = claimMs !== null && median > claimMs
  if (missed) process.exitCode = 1
  const claim = claimMs === null ? '' : `< ${claimMs}${missed ? ' !' : ''}`
  console.log(`${title.padEnd(48)}${median.toFixed(1).padStart(10)}${worst.toFixed(1).padStart(10)}${claim.padStart(8)}`)
}
