// The docker backend when the engine, an image or a container goes away under it, and beside strangers on one engine.
import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AppError } from '../../src/api/error.ts'
import { createDockerBackend } from '../../src/backend/docker/backend.ts'
import type { DockerRequest } from '../../src/backend/docker/plan.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { importSuiteImage, openDocker, SUITE_IMAGE } from './backend-docker-harness.ts'
import {
  type Harness,
  makeJob,
  planInput,
  SIGNAL,
  states,
  until,
  untilState,
  untilUp,
} from './backend-harness.ts'

let engine: DockerEngine
let harness: Harness
before(async () => {
  engine = await startDockerEngine()
  harness = await openDocker(async () => engine)
})
after(() => harness[Symbol.asyncDispose]())

const nameOf = (plan: { tasks: readonly { name: string }[] }, index = 0): string => plan.tasks[index]!.name
const observe = (ref: Parameters<Harness['leftovers']>[0]) => harness.backend.observe(ref, SIGNAL)

test('while the engine is gone nothing is said of tasks; they live on and are seen again', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  const before = await observe(ref)
  await engine.stop('SIGKILL')
  await assert.rejects(
    observe(ref),
    (error) =>
      error instanceof AppError &&
      error.code === 'BackendUnavailable' &&
      /does not answer/.test(error.message),
  )
  await engine.start()
  assert.deepEqual(await observe(ref), before)
  await harness.backend.stop(ref, 10_000, SIGNAL)
  assert.equal((await observe(ref))[0]?.exitCode, 143)
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
})

test('a start waits for an engine that is away, says so once, and starts each task once', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }, { kind: 'polite' }])
  await engine.stop('SIGTERM')
  const told: string[] = []
  const starting = harness.backend.start(plan, SIGNAL, ({ reason }) => told.push(reason))
  await until(
    'the wait is told',
    async () => told,
    (reasons) => reasons.includes('EngineAway'),
  )
  await engine.start()
  await starting
  await untilUp(harness, ref)
  assert.deepEqual(told, ['EngineAway'])
  for (const task of ref.tasks) assert.equal(await harness.timesRun(ref, task), 1)
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
})

test('a watch goes on when the engine comes back', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'told', code: 3 }])
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  let told = 0
  const unwatch = harness.backend.watch((jobId) => {
    if (jobId === ref.jobId) told++
  })
  await engine.stop('SIGKILL')
  await engine.start()
  await until(
    'the job is looked at again',
    async () => told,
    (count) => count > 0,
  )
  const before = told
  await harness.tell(ref, 'worker-0')
  await until(
    'the end is told',
    async () => told,
    (count) => count > before,
  )
  assert.equal((await untilState(harness.backend, ref, 'exited'))[0]?.exitCode, 3)
  unwatch()
  await harness.backend.remove(ref, SIGNAL)
})

test('a container removed by hand is absent, and is not made again', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  await engine.docker.getContainer(nameOf(plan)).remove({ force: true })
  assert.deepEqual(states(await observe(ref)), ['absent'])
  await assert.rejects(harness.backend.start(plan, SIGNAL), /removed from outside; it is not started twice/)
  assert.equal(await harness.timesRun(ref, 'worker-0'), 1)
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
})

test('a paused task runs, and can be stopped', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  await engine.docker.getContainer(nameOf(plan)).pause()
  assert.deepEqual(states(await observe(ref)), ['running'])
  await harness.backend.stop(ref, 10_000, SIGNAL)
  assert.deepEqual([(await observe(ref))[0]?.state, (await observe(ref))[0]?.exitCode], ['exited', 143])
  await harness.backend.remove(ref, SIGNAL)
})

test('an image removed while a task runs harms nothing, and the other tasks of the attempt use the same one', async () => {
  await importSuiteImage(engine.docker, 'moving:latest')
  const first = await makeJob(harness, [{ kind: 'polite' }])
  const plan = harness.backend.plan({ ...first.input, image: 'moving:latest' })
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, first.ref)
  const digest = (await observe(first.ref))[0]?.imageDigest
  assert.match(digest ?? '', /^sha256:[0-9a-f]{64}$/)
  // The name now means another image.
  await importSuiteImage(engine.docker, 'moving:latest', ['ENV OTHER=1'])
  await harness.backend.start(plan, SIGNAL)
  assert.equal((await observe(first.ref))[0]?.imageDigest, digest)
  await engine.docker.getImage('moving:latest').remove({ force: true })
  assert.deepEqual(states(await observe(first.ref)), ['running'])
  await harness.backend.stop(first.ref, 10_000, SIGNAL)
  assert.equal((await observe(first.ref))[0]?.exitCode, 143)
  await harness.backend.remove(first.ref, SIGNAL)
})

test('a runtime that cannot start in the image says why in the words of the container', async () => {
  const { ref, plan } = await makeJob(harness, [
    { kind: 'script', text: 'echo broken pipe dream >&2; exit 55' },
  ])
  await harness.backend.start(plan, SIGNAL)
  const [seen] = await untilState(harness.backend, ref, 'exited')
  assert.match(seen?.message ?? '', /exit code 55.*broken pipe dream/)
  await harness.backend.remove(ref, SIGNAL)
})

test('a container the engine refuses to start is exited with its words', async () => {
  const { ref, input } = await makeJob(harness, [{ kind: 'polite' }])
  const plan = harness.backend.plan({
    ...input,
    container: { ...input.container, devices: ['/dev/no-such-device'] },
  })
  await harness.backend.start(plan, SIGNAL)
  const [seen] = await observe(ref)
  assert.equal(seen?.state, 'exited')
  assert.match(seen?.message ?? '', /could not be started.*no-such-device/)
  await harness.backend.start(plan, SIGNAL)
  assert.deepEqual(await observe(ref), [seen])
  await harness.backend.stop(ref, 100, SIGNAL)
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(ref), [])
})

test('another server on the same engine neither sees nor touches what is ours', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  const dir = await mkdtemp(join(tmpdir(), 'rwo-'))
  {
    await using other = await createDockerBackend({
      ...{ dataDir: dir, runtimeDir: harness.real!.dataDir, socket: engine.socket, instanceId: 'other' },
      ...{ isRoot: true, arch: process.arch, networkRange: '10.212.0.0/16', internalNetworks: true },
    })
    assert.deepEqual(states(await other.observe(ref, SIGNAL)), ['absent'])
    await assert.rejects(other.start(plan, SIGNAL), /is taken by a container that this job did not make/)
    await other.stop(ref, 0, SIGNAL)
    await other.remove(ref, SIGNAL)
  }
  assert.deepEqual(states(await observe(ref)), ['running'])
  await harness.backend.remove(ref, SIGNAL)
  await rm(dir, { recursive: true })
})

test('a job of several tasks gets a network of its own, beside whatever the engine has', async () => {
  const stranger = await engine.docker.createNetwork({
    Name: 'stranger',
    IPAM: { Driver: 'default', Config: [{ Subnet: '10.212.8.0/21' }] },
  })
  const jobs = await Promise.all(
    Array.from({ length: 3 }, () => makeJob(harness, [{ kind: 'polite' }, { kind: 'polite' }])),
  )
  await Promise.all(jobs.map(({ plan }) => harness.backend.start(plan, SIGNAL)))
  const seen = (await Promise.all(jobs.map(({ ref }) => observe(ref))))
    .flat()
    .map(({ address }) => address ?? '')
  assert.equal(new Set(seen).size, 6)
  const networks = await engine.docker.listNetworks({ filters: { label: ['ropeway.job'] } })
  assert.equal(networks.length, 3)
  for (const { IPAM } of networks) assert.match(IPAM?.Config?.[0]?.Subnet ?? '', /^10\.212\.\d+\.\d+\/29$/)
  await Promise.all(jobs.map(({ ref }) => harness.backend.remove(ref, SIGNAL)))
  for (const { ref } of jobs) assert.deepEqual(await harness.leftovers(ref), [])
  await stranger.remove()
})

test("with the host's network a task has the address of its host", async () => {
  const { ref, input } = await makeJob(harness, [{ kind: 'polite' }])
  const plan = harness.backend.plan({ ...input, container: { ...input.container, hostNetwork: true } })
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
  assert.equal((await observe(ref))[0]?.address, '127.0.0.2')
  const { HostConfig } = await engine.docker.getContainer(nameOf(plan)).inspect()
  assert.equal(HostConfig.NetworkMode, 'host')
  await harness.backend.remove(ref, SIGNAL)
})

test('/cache lies on the disk the administrator chose, and is wiped at the end', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'rwc-'))
  const { ref, input } = await makeJob(harness, [
    { kind: 'script', text: 'mkdir -m 0 /cache/closed && echo x >/cache/file' },
  ])
  const plan = harness.backend.plan({ ...input, container: { ...input.container, cacheDir } })
  await harness.backend.start(plan, SIGNAL)
  assert.equal((await untilState(harness.backend, ref, 'exited'))[0]?.exitCode, 0)
  await access(join((plan.tasks[0]!.request as DockerRequest).cache, 'file'))
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await readdir(cacheDir), [])
  await rm(cacheDir, { recursive: true })
  const again = await makeJob(harness, [{ kind: 'polite' }])
  const lost = harness.backend.plan({ ...again.input, container: { ...again.input.container, cacheDir } })
  await assert.rejects(harness.backend.start(lost, SIGNAL), /cacheDir .* is not there; is its disk mounted\?/)
  await harness.backend.remove(again.ref, SIGNAL)
})

test('volumes of the administrator are mounted as allowed, and limits reach the program', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'rwv-'))
  await mkdir(join(shared, 'writable'), { mode: 0o777 })
  const text = `ls /ro; (: >/ro/x) 2>/dev/null || echo refused; : >/rw/made; ulimit -n; ulimit -c
awk '$2 == "/dev/shm" { print $4 }' /proc/mounts | grep -o 'size=[0-9]*k'`
  const { ref, input } = await makeJob(harness, [
    { kind: 'script', text: `exec >/run/ropeway/spool/out 2>&1\n${text}` },
  ])
  const volume = (path: string, target: string, readOnly: boolean) => ({
    ...{ source: { kind: 'host_path', path } as const, target, readOnly },
  })
  const plan = harness.backend.plan({
    ...input,
    container: {
      ...input.container,
      shmBytes: 96 << 20,
      ulimits: [...input.container.ulimits, { name: 'nofile', soft: 512, hard: 1024 }],
      volumes: [volume(shared, '/ro', true), volume(join(shared, 'writable'), '/rw', false)],
    },
  })
  await harness.backend.start(plan, SIGNAL)
  await untilState(harness.backend, ref, 'exited')
  const out = (await harness.real!.readSpool(ref, 'worker-0', 'out'))?.trim().split('\n')
  assert.deepEqual(out, ['writable', 'refused', '512', '0', `size=${96 * 1024}k`])
  assert.deepEqual(await readdir(join(shared, 'writable')), ['made'])
  await harness.backend.remove(ref, SIGNAL)
  assert.deepEqual(await readdir(join(shared, 'writable')), ['made'])
  await rm(shared, { recursive: true })
})

test('the plan shows the bodies, addresses as the names of tasks, and starts nothing', () => {
  const input = { ...planInput(['worker-0', 'worker-1']), image: SUITE_IMAGE }
  const names = [{ name: 'w1', address: '127.0.0.3', task: 'worker-1' }]
  const request = harness.backend.plan({ ...input, hostNames: names }).tasks[0]!.request as DockerRequest
  const { HostConfig, Image } = request.create
  assert.equal(Image, '{image}')
  assert.equal(HostConfig.NetworkMode, '{network}')
  assert.deepEqual(HostConfig.ExtraHosts?.[0], 'w1:{worker-1}')
  assert.ok(!JSON.stringify(request).includes('AutoRemove'))
})
