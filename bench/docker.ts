// Jobs on Docker beside plain `docker run` of the same image on the same engine: one at a time, and a hundred at once;
// alone: `node bench/docker.ts`.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { loaderOf, testRuntime } from '../container/launcher-fixture.ts'
import { body, Ropeway, until } from '../test/e2e/harness.ts'
import { type DockerEngine, startDockerEngine } from '../test/engines/dockerd.ts'
import { busyboxFiles, importImage } from '../test/engines/images.ts'
import { startRegistry } from '../test/engines/registry.ts'
import { CpuParts, type CpuSeconds, perOne, total } from './cpu-parts.ts'
import { median, ms, printTable, type Row } from './measure.ts'
import { megabytes } from './process-usage.ts'

const run = promisify(execFile)
const IMAGE = 'bench:1'
const ROUNDS = 10
const MANY = 100
/** One-device tasks of a simulated host with eight devices run eight at a time. */
const AT_ONCE = 8
const FLAVOR = 'ropeway.ascend-910a.1'
const algorithm = { engine: { image_url: IMAGE } }

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

const ENDED = ['Completed', 'Failed', 'Abnormal']

/** Waits as a client should that has a hundred jobs to wait for: without asking twice a second. */
async function endOf(ropeway: Ropeway, jobId: string): Promise<string> {
  for (let since = 0; ; ) {
    const { status } = await ropeway.client.show(jobId)
    if (ENDED.includes(status.phase)) return status.phase
    since = (await ropeway.client.streamEvents(jobId, since, 30)).next
  }
}

type Took = { readonly seconds: number; readonly cpu: CpuSeconds }

async function took(parts: CpuParts, work: () => Promise<unknown>): Promise<Took> {
  const begin = performance.now()
  const cpu = await parts.during(work)
  return { seconds: (performance.now() - begin) / 1000, cpu }
}

const dockerLoop = (parts: CpuParts, engine: DockerEngine, args: readonly string[]): Promise<Took> =>
  took(parts, () => {
    const script = `seq ${MANY} | xargs -P ${AT_ONCE} -I{} docker -H "$@"`
    return run('/bin/sh', ['-c', script, 'sh', engine.host, 'run', '--rm', ...args])
  })

/** What no job can do without: a network apart from others' and a Node process that watches over the program. */
async function leastLoop(parts: CpuParts, engine: DockerEngine): Promise<Took> {
  const runtime = await testRuntime()
  const name = loaderOf(runtime).split('/').at(-1)
  const at = '/opt/ropeway'
  const node = [`${at}/lib/${name}`, '--library-path', `${at}/lib`, `${at}/node`, '-e', '0']
  const network = await engine.docker.createNetwork({ Name: 'bench' })
  const mounts = ['--network', 'bench', '--volume', `${runtime}:${at}:ro`]
  const least = await dockerLoop(parts, engine, [...mounts, IMAGE, ...node])
  await network.remove()
  return least
}

async function manyAtOnce(parts: CpuParts, engine: DockerEngine, ropeway: Ropeway): Promise<Row[]> {
  const peer = await dockerLoop(parts, engine, [IMAGE, 'true'])
  const least = await leastLoop(parts, engine)
  const phases: string[] = []
  const ours = await took(parts, async () => {
    const jobs = await Promise.all(
      Array.from({ length: MANY }, (_, n) =>
        ropeway.client.create(body(`many-${n}`, 'true', { flavor: FLAVOR, algorithm })),
      ),
    )
    phases.push(...(await Promise.all(jobs.map(({ metadata }) => endOf(ropeway, metadata.id)))))
  })
  const failed = phases.filter((phase) => phase !== 'Completed').length
  const over = (total(ours.cpu) - total(peer.cpu)) / MANY
  return [
    {
      what: `docker: ${MANY} jobs at once, ${AT_ONCE} run at a time`,
      ours: `${ours.seconds.toFixed(1)} s, ${failed} failed`,
      peer: `docker run loop ${peer.seconds.toFixed(1)} s`,
      difference: `× ${(ours.seconds / peer.seconds).toFixed(2)}`,
      aim: '≤ × 1.1',
      met: ours.seconds <= peer.seconds * 1.1 && failed === 0,
    },
    {
      what: 'docker: processor time of each of these',
      ours: perOne(ours.cpu, MANY),
      peer: perOne(peer.cpu, MANY),
      difference: `+${over.toFixed(2)} s`,
      aim: '-',
      met: true,
    },
    {
      what: 'docker: the same loop with a network of its own and an empty Node program',
      ours: `${least.seconds.toFixed(1)} s`,
      peer: perOne(least.cpu, MANY),
      difference: `× ${(least.seconds / peer.seconds).toFixed(2)}`,
      aim: '-',
      met: true,
    },
  ]
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

/** A job whose tasks all want an image that the engine does not have, beside one `docker pull` of it. */
async function onePull(engine: DockerEngine): Promise<Row> {
  await using registry = await startRegistry(engine, { port: 5000 })
  await registry.push(IMAGE, 'team/bench:1')
  const image = `${registry.host}/team/bench:1`
  const asked = async () => (await registry.requests()).filter((line) => line.includes('/manifests/')).length
  const pull = async () => {
    await run('docker', ['-H', engine.host, 'pull', image])
    await engine.docker.getImage(image).remove({ force: true })
  }
  // The first one is asked more: the engine remembers manifests.
  await pull()
  const first = await asked()
  await pull()
  const before = await asked()
  const perPull = before - first
  await using ropeway = await Ropeway.start({
    ...{ backend: 'docker', simulate: `1x${AT_ONCE}`, env: { DOCKER_HOST: engine.host } },
  })
  const options = { nodes: AT_ONCE, flavor: FLAVOR, algorithm: { engine: { image_url: image } } }
  const { job } = await ropeway.run(body('eight', 'true', options))
  const pulls = ((await asked()) - before) / perPull
  return {
    what: `docker: pulls of one image by ${AT_ONCE} tasks`,
    ours: `${pulls} (${job.status.phase})`,
    peer: `one docker pull asks for the manifest ${perPull} ×`,
    difference: '-',
    aim: '1',
    met: pulls === 1 && job.status.phase === 'Completed',
  }
}

async function oneHost(parts: CpuParts, engine: DockerEngine): Promise<Row[]> {
  parts.enter('server')
  await using ropeway = await Ropeway.start({
    backend: 'docker',
    simulate: `1x${AT_ONCE}`,
    env: { DOCKER_HOST: engine.host },
  })
  parts.enter('client')
  return [await firstLine(engine, ropeway), ...(await manyAtOnce(parts, engine, ropeway))]
}

export async function onDocker(): Promise<Row[]> {
  using parts = new CpuParts()
  parts.enter('engine')
  await using engine = await startDockerEngine({ args: ['--cgroup-parent', parts.containersParent] })
  parts.enter('client')
  await importImage(engine.docker, IMAGE, await busyboxFiles(), ['ENV PATH=/bin'])
  return [...(await oneHost(parts, engine)), await manyRunning(engine), await onePull(engine)]
}

if (import.meta.main) printTable(await onDocker())
