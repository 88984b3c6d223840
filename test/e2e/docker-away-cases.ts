// What a server on an engine lives through: the engine gone, the server itself standing still or killed while ranks
// print, a container asleep. How long, and how much is printed, is the caller's choice.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { hangAt } from '../engines/hang-at.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { importPythonImage } from './docker-images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, erased, Ropeway, until } from './harness.ts'
import { ownLines, storedSha256 } from './stored-log.ts'

const SMALL_IMAGE = 'small:latest'
const PYTHON_IMAGE = 'ranks:latest'

/** An engine with the images of the cases. */
export async function startAwayEngine(): Promise<DockerEngine> {
  const engine = await startDockerEngine()
  await importImage(engine.docker, SMALL_IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
  await importPythonImage(engine.docker, PYTHON_IMAGE)
  return engine
}

const LINES = 300
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`)
const count = (from: number, to: number): string =>
  `i=${from}; while [ $i -lt ${to} ]; do echo line $i; i=$((i+1)); done`
/** Prints at once, waits, prints on. */
const script = (waitS: number): string =>
  `echo started; ${count(0, LINES / 2)}; sleep ${waitS}; ${count(LINES / 2, LINES)}`

const small = { engine: { image_url: SMALL_IMAGE } }

const serve = (engine: DockerEngine, simulate: string): Promise<Ropeway> =>
  Ropeway.start({ backend: 'docker', simulate, env: { DOCKER_HOST: engine.host } })

const seesHalf = (ropeway: Ropeway, id: string): Promise<void> =>
  until('it prints', async () =>
    new RegExp(`line ${LINES / 2 - 1}\n`).test(
      (await ropeway.client.previewLog(id, 'worker-0'))?.content ?? '',
    ),
  )

async function endsWhole(ropeway: Ropeway, id: string): Promise<void> {
  const finished = await ropeway.follow(id)
  assert.equal(finished.job.status.phase, 'Completed', finished.events.join('\n'))
  assert.deepEqual(ownLines(finished.logs['worker-0']), ['started', ...numbered(0, LINES)])
}

/** kill -9 of the engine for `awayMs` while a job is in each phase. */
export async function engineAway(engine: DockerEngine, awayMs: number): Promise<void> {
  await using ropeway = await serve(engine, '1x8')
  const create = async (name: string, command: string, flavor = 'ropeway.ascend-910a.1') =>
    (await ropeway.client.create(body(name, command, { flavor, algorithm: small }))).metadata.id
  const awayS = Math.ceil(awayMs / 1000)
  const lasts = await create('lasts', script(awayS + 4))
  const ends = await create('ends-meanwhile', script(1))
  const terminated = await create('terminated', 'sleep 600')
  const deleted = await create('deleted', 'sleep 600')
  for (const id of [lasts, ends]) await seesHalf(ropeway, id)
  for (const id of [terminated, deleted])
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
  const starts = await create('starts', script(0))

  await engine.stop('SIGKILL')
  const comes = await create('comes-meanwhile', script(0))
  // The devices it wants are free when all others have ended.
  const waits = await create('waits', script(0), 'ropeway.ascend-910a.8')
  await Promise.all([ropeway.client.terminate(terminated), ropeway.client.delete(deleted)])
  await wait(awayMs)
  await engine.start()

  for (const id of [lasts, ends, starts, comes, waits]) await endsWhole(ropeway, id)
  assert.equal((await ropeway.follow(terminated)).job.status.phase, 'Terminated')
  await erased(ropeway, deleted)
  await nothingLeftOn(engine.docker, ropeway)
}

/** Nobody answers at the task's socket while the server stands still; its container may be asleep as well. */
export async function standsStill(
  engine: DockerEngine,
  who: 'server' | 'container',
  stillMs: number,
): Promise<void> {
  await using ropeway = await serve(engine, '1x2')
  const { metadata } = await ropeway.client.create(
    body('still', script(1), { flavor: 'ropeway.ascend-910a.1', algorithm: small }),
  )
  await seesHalf(ropeway, metadata.id)
  const [{ Id = '' } = {}] = await engine.docker.listContainers()
  const container = engine.docker.getContainer(Id)
  if (who === 'server') process.kill(ropeway.pid, 'SIGSTOP')
  else await container.pause()
  await wait(stillMs)
  if (who === 'server') process.kill(ropeway.pid, 'SIGCONT')
  else {
    assert.equal((await ropeway.client.show(metadata.id)).status.phase, 'Running')
    await container.unpause()
  }
  await endsWhole(ropeway, metadata.id)
  await nothingLeftOn(engine.docker, ropeway)
}

/** Ends every connection at the task's socket for some time, whatever is on its way; the server lives and knows nothing of it. */
async function cutConnections(ropeway: Ropeway, socket: string, seconds: number): Promise<number> {
  const script = join(import.meta.dirname, '..', 'engines', 'cut-connections.py')
  const args = [script, String(ropeway.pid), socket, String(seconds)]
  return Number((await promisify(execFile)('/usr/bin/python3', args)).stdout)
}

const CUT_LINES = 600

/** The way between a printing task and its server breaks again and again, then is gone for a while; both live on. */
export async function cutOff(engine: DockerEngine, awayMs: number): Promise<void> {
  await using ropeway = await serve(engine, '1x2')
  const padding = 'x'.repeat(1000)
  const print = `i=0; while [ $i -lt ${CUT_LINES} ]; do echo line $i ${padding}; i=$((i+1)); usleep 5000; done`
  const { metadata } = await ropeway.client.create(
    body('cut', print, { flavor: 'ropeway.ascend-910a.1', algorithm: small }),
  )
  const { id } = metadata
  await until('it prints', async () =>
    ((await ropeway.client.previewLog(id, 'worker-0'))?.content ?? '').includes('line 10 '),
  )
  const task = `${id.replaceAll('-', '').slice(0, 12)}-1-worker-0`
  const socket = join(ropeway.dataDir, 'tasks', task, 'run', 'task.sock')
  const cut = await cutConnections(ropeway, socket, 1.5)
  assert.ok(cut > 0, 'connections were cut')
  await rename(socket, `${socket}.away`)
  await cutConnections(ropeway, socket, awayMs / 1000)
  assert.equal((await ropeway.client.show(id)).status.phase, 'Running')
  await rename(`${socket}.away`, socket)
  const { job, events, logs } = await ropeway.follow(id)
  assert.equal(job.status.phase, 'Completed', events.join('\n'))
  assert.deepEqual(
    ownLines(logs['worker-0']),
    Array.from({ length: CUT_LINES }, (_, n) => `line ${n} ${padding}`),
  )
  await nothingLeftOn(engine.docker, ropeway)
}

const RANKS = 8
const LINE_BYTES = 40
const PIECE = 500
/** Long enough for three restarts of a server. */
const PRINTING_S = 8
/** Numbered lines with bytes that are no UTF-8; written in pieces, as a logger would. */
const printer = (lines: number): string => `
import os, sys, time
rank = int(os.environ['RANK_ID'])
for begin in range(0, ${lines}, ${PIECE}):
    sys.stdout.buffer.write(b''.join(b'%d %08d ' % (rank, n) + b'\\xff\\xfe\\xc3' + b'x' * ${LINE_BYTES - 15} + b'\\n' for n in range(begin, begin + ${PIECE})))
    sys.stdout.buffer.flush()
    time.sleep(${(PRINTING_S * PIECE) / lines})
`

function printed(rank: number, lines: number): string {
  const hash = createHash('sha256')
  const rest = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0xc3]),
    Buffer.from(`${'x'.repeat(LINE_BYTES - 15)}\n`),
  ])
  for (let n = 0; n < lines; n++) hash.update(`${rank} ${String(n).padStart(8, '0')} `).update(rest)
  return hash.digest('hex')
}

/** Eight ranks print `lines` each while the server is killed and restarted three times. */
export async function killedWhilePrinting(engine: DockerEngine, lines: number): Promise<void> {
  await using ropeway = await serve(engine, `1x${RANKS}`)
  await ropeway.upload({ 'print/code/print.py': printer(lines) })
  const algorithm = {
    engine: { image_url: PYTHON_IMAGE },
    ...{ command: '', code_dir: 'obs://print/code/', boot_file: 'obs://print/code/print.py' },
  }
  const { metadata } = await ropeway.client.create(
    body('printing', '', { flavor: `ropeway.ascend-910a.${RANKS}`, algorithm }),
  )
  let seen = 0
  for (let kill = 0; kill < 3; kill++) {
    const place = { task: 'worker-0', stream: 'rank-0', offset: seen }
    await until('ranks print on', async () => {
      const piece = await ropeway.client.readLog(metadata.id, place).catch(() => null)
      seen = piece?.next ?? seen
      return (piece?.bytes.length ?? 0) > 0
    })
    assert.equal((await ropeway.client.show(metadata.id)).status.phase, 'Running')
    await ropeway.kill()
    await ropeway.start()
  }
  const { job, events } = await ropeway.follow(metadata.id)
  assert.equal(job.status.phase, 'Completed', events.join('\n'))
  for (let rank = 0; rank < RANKS; rank++)
    assert.equal(
      await storedSha256(ropeway, metadata.id, `rank-${rank}`),
      printed(rank, lines),
      `the log of rank ${rank} differs`,
    )
  await nothingLeftOn(engine.docker, ropeway)
}

/** An engine that takes its tasks along when it is restarted, in the orderly way: the job is lost, not failed. */
export async function restartedWithoutLiveRestore(): Promise<void> {
  await using engine = await startDockerEngine({ liveRestore: false })
  await importImage(engine.docker, SMALL_IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
  await using ropeway = await serve(engine, '2x8')
  const create = async (name: string, nodes: number, annotations: Record<string, string> = {}) => {
    const flavor = 'ropeway.ascend-910a.1'
    const wish = body(name, '/opt/ropeway/launcher ranks -- sleep 600', {
      flavor,
      nodes,
      annotations,
      algorithm: small,
    })
    return (await ropeway.client.create(wish)).metadata.id
  }
  const lost = await create('lost', 2)
  const again = await create('again', 1, { 'fault-tolerance/job-retry-num': '1' })
  for (const id of [lost, again])
    await ropeway.waitFor(id, 'it runs', ({ status }) => status.phase === 'Running')
  await engine.stop('SIGTERM')
  await engine.start()
  const { job, events } = await ropeway.follow(lost)
  assert.equal(job.status.phase, 'Abnormal', events.join('\n'))
  const said = /TaskLost: .*the container engine was restarted while the task ran; .*live-restore/
  assert.match(events.join('\n'), said)
  assert.match(events.join('\n'), /JobAbnormal: .*job-retry-num/)
  const restarted = (): Promise<boolean> =>
    ropeway.client
      .streamEvents(again, 0, 0)
      .then(({ events }) => events.some(({ reason }) => reason === 'JobRestarted'))
  await until('the other job is tried again', restarted)
  await ropeway.waitFor(again, 'it runs again', ({ status }) => status.phase === 'Running')
  await ropeway.client.delete(again)
  await erased(ropeway, again)
}

/** dockerd stands still, its socket open, in the middle of one request: the server that waits for it ends all the same. */
export async function endsWhileEngineHangs(engine: DockerEngine, request: RegExp): Promise<void> {
  await using hanging = await hangAt(engine, request)
  const env = { DOCKER_HOST: hanging.host }
  await using ropeway = await Ropeway.start({ backend: 'docker', simulate: '1x8', env })
  const flavor = 'ropeway.ascend-910a.1'
  const { metadata } = await ropeway.client.create(
    body('runs', 'sleep 2; echo started', { flavor, algorithm: small }),
  )
  if (request.source.includes('kill')) {
    await ropeway.waitFor(metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    await ropeway.client.terminate(metadata.id)
  }
  await hanging.hung
  assert.equal(await ropeway.stop(), 0)
  engine.thaw()
  await ropeway.start()
  const { job, logs, events } = await ropeway.follow(metadata.id)
  if (request.source.includes('kill')) assert.equal(job.status.phase, 'Terminated')
  else {
    assert.equal(job.status.phase, 'Completed', events.join('\n'))
    assert.deepEqual(ownLines(logs['worker-0']), ['started'])
  }
  await ropeway.client.delete(metadata.id)
  await erased(ropeway, metadata.id)
}

/** Server and engine were both ended, and the server comes first. */
export async function serverComesFirst(engine: DockerEngine): Promise<void> {
  await using ropeway = await serve(engine, '1x8')
  const wish = body('lasts', script(1), { flavor: 'ropeway.ascend-910a.1', algorithm: small })
  const { metadata } = await ropeway.client.create(wish)
  await ropeway.waitFor(metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
  const waits =
    /no container engine answers at .*; unfinished jobs have their tasks there, so it is waited for/g
  const saidSo = (times: number): Promise<void> =>
    until('it waits for the engine', () => (ropeway.serverLog.match(waits) ?? []).length === times)
  await ropeway.stop()
  await engine.stop('SIGKILL')
  const inVain = ropeway.start()
  await saidSo(1)
  assert.equal(await ropeway.stop(), 0)
  await assert.rejects(inVain, /the server ended with 0/)
  const waiting = ropeway.start()
  await saidSo(2)
  await engine.start()
  await waiting
  await endsWhole(ropeway, metadata.id)
  await ropeway.client.delete(metadata.id)
  await erased(ropeway, metadata.id)
}
