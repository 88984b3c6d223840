// Jobs on Docker beside plain `docker run` of the same image on the same engine: one at a time, and a hundred at once.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { body, Ropeway, until } from '../test/e2e/harness.ts'
import { type DockerEngine, startDockerEngine } from '../test/engines/dockerd.ts'
import { busyboxFiles, importImage } from '../test/engines/images.ts'
import { median, ms, type Row } from './measure.ts'

const run = promisify(execFile)
const IMAGE = 'bench:1'
const ROUNDS = 10
const MANY = 100
/** One-device tasks of a simulated host with eight devices run eight at a time. */
const AT_ONCE = 8
const FLAVOR = 'ropeway.ascend-910a.1'
const algorithm = { engine: { image_url: IMAGE } }

const megabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Milliseconds since the machine's start, in steps of 10: what an image with nothing but busybox can tell. */
const stampOf = (uptime: string): number => Number(/^(\d+\.\d\d) \d+\.\d\d$/m.exec(uptime)?.[1]) * 1000
const nowMs = (): number => stampOf(readFileSync('/proc/uptime', 'utf8'))

async function plainRun(engine: DockerEngine): Promise<number> {
  const begin = nowMs()
  const { stdout } = await run('docker', ['-H', engine.host, 'run', '--rm', IMAGE, 'cat', '/proc/uptime'])
  return stampOf(stdout) - begin
}

async function submitted(ropeway: Ropeway, name: string): Promise<number> {
  const begin = nowMs()
  const { metadata } = await ropeway.client.create(body(name, 'cat /proc/uptime', { algorithm }))
  const { logs } = await ropeway.follow(metadata.id)
  return stampOf(logs['worker-0'] ?? '') - begin
}

async function firstLine(engine: DockerEngine, ropeway: Ropeway): Promise<Row> {
  const ours: number[] = []
  const peer: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const [theirs, own] = [await plainRun(engine), await submitted(ropeway, `first-${round}`)]
    // The first one fills caches.
    if (round > 0) {
      peer.push(theirs)
      ours.push(own)
    }
  }
  const over = median(ours) - median(peer)
  return {
    what: 'docker: submit → first line',
    ours: ms(median(ours)),
    peer: `docker run ${ms(median(peer))}`,
    difference: `${over >= 0 ? '+' : ''}${ms(over)}`,
    aim: '< 300 ms more',
    met: over < 300,
  }
}

async function manyAtOnce(engine: DockerEngine, ropeway: Ropeway): Promise<Row> {
  const script = `seq ${MANY} | xargs -P ${AT_ONCE} -I{} docker -H "$1" run --rm ${IMAGE} true`
  const beganPeer = performance.now()
  await run('/bin/sh', ['-c', script, 'sh', engine.host])
  const peer = performance.now() - beganPeer
  const begin = performance.now()
  const jobs = await Promise.all(
    Array.from({ length: MANY }, (_, n) =>
      ropeway.client.create(body(`many-${n}`, 'true', { flavor: FLAVOR, algorithm })),
    ),
  )
  const phases = await Promise.all(
    jobs.map(async ({ metadata }) => {
      const job = await ropeway.waitFor(metadata.id, 'it has ended', ({ status }) =>
        ['Completed', 'Failed', 'Abnormal'].includes(status.phase),
      )
      return job.status.phase
    }),
  )
  const ours = performance.now() - begin
  const failed = phases.filter((phase) => phase !== 'Completed').length
  return {
    what: `docker: ${MANY} jobs at once, ${AT_ONCE} run at a time`,
    ours: `${(ours / 1000).toFixed(1)} s, ${failed} failed`,
    peer: `docker run loop ${(peer / 1000).toFixed(1)} s`,
    difference: `× ${(ours / peer).toFixed(2)}`,
    aim: '≤ × 1.1',
    met: ours <= peer * 1.1 && failed === 0,
  }
}

/** As many tasks as the aim names, all at once, each a container with its launcher. */
async function manyRunning(engine: DockerEngine): Promise<Row> {
  await using ropeway = await Ropeway.start({
    backend: 'docker',
    simulate: `${Math.ceil(MANY / AT_ONCE)}x${AT_ONCE}`,
    env: { DOCKER_HOST: engine.host },
  })
  const before = megabytes(ropeway.pid)
  const jobs = await Promise.all(
    Array.from({ length: MANY }, (_, n) =>
      ropeway.client.create(body(`runs-${n}`, 'sleep 3600', { flavor: FLAVOR, algorithm })),
    ),
  )
  for (const { metadata } of jobs)
    await ropeway.waitFor(metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
  const size = megabytes(ropeway.pid)
  for (const { metadata } of jobs) await ropeway.client.delete(metadata.id)
  await until('all are gone', async () => (await ropeway.client.search({})).total === 0)
  return {
    what: `server with ${MANY} running tasks`,
    ours: `${size.toFixed(0)} MB`,
    peer: `before ${before.toFixed(0)} MB`,
    difference: `+${(size - before).toFixed(0)} MB`,
    aim: '< 250 MB',
    met: size < 250,
  }
}

async function oneHost(engine: DockerEngine): Promise<Row[]> {
  await using ropeway = await Ropeway.start({
    backend: 'docker',
    simulate: `1x${AT_ONCE}`,
    env: { DOCKER_HOST: engine.host },
  })
  return [await firstLine(engine, ropeway), await manyAtOnce(engine, ropeway)]
}

export async function onDocker(): Promise<Row[]> {
  await using engine = await startDockerEngine()
  await importImage(engine.docker, IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
  return [...(await oneHost(engine)), await manyRunning(engine)]
}
