// The docker backend when the engine, an image or a container goes away under it, and beside strangers on one engine.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { AppError } from '../../src/api/error.ts'
import { createDockerBackend } from '../../src/backend/docker/backend.ts'
import { act, connectEngine } from '../../src/backend/docker/engine.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { importSuiteImage, openDocker } from './backend-docker-harness.ts'
import { type Harness, makeJob, SIGNAL, states, until, untilState, untilUp } from './backend-harness.ts'
import { makeTestRuntime } from './backend-host-harness.ts'

const NOBODY = 65_534

let engine: DockerEngine
let harness: Harness
before(async () => {
  engine = await startDockerEngine()
  harness = await openDocker(async () => engine)
})
after(() => harness[Symbol.asyncDispose]())

const nameOf = (plan: { tasks: readonly { name: string }[] }): string => plan.tasks[0]!.name
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

test('nobody waits longer than he wants for an engine that hangs, and what it does after all is found', async () => {
  const { ref, plan } = await makeJob(harness, [{ kind: 'polite' }])
  const own = await connectEngine(engine.socket)
  const patience = new AbortController()
  engine.freeze()
  const container = own.docker.getContainer(nameOf(plan))
  const asked = [
    act(own, (abortSignal) => own.docker.createContainer({ Image: 'suite', abortSignal }), patience.signal),
    act(own, (abortSignal) => container.start({ abortSignal }), patience.signal),
    harness.backend.start(plan, patience.signal),
    harness.backend.stop(ref, 0, patience.signal),
  ]
  patience.abort(new Error('enough'))
  for (const one of asked) await assert.rejects(one, /enough/)
  own.hangUp()
  engine.thaw()
  await harness.backend.start(plan, SIGNAL)
  await untilUp(harness, ref)
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
      ...{
        dataDir: dir,
        runtimeDir: harness.real!.dataDir,
        instanceId: 'other',
        engine: await connectEngine(engine.socket),
      },
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

test('a server that is not root writes, reads and deletes all the same', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rwu-'))
  await makeTestRuntime(join(dir, 'runtime'))
  for (const path of [engine.dir, dir]) await chmod(path, 0o755)
  await chmod(engine.socket, 0o666)
  await mkdir(join(dir, 'data'))
  await chown(join(dir, 'data'), NOBODY, NOBODY)
  const program = join(import.meta.dirname, 'docker-unprivileged.ts')
  const drop = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups', process.execPath]
  const { stdout } = await promisify(execFile)('setpriv', [...drop, program, engine.socket, dir])
  assert.deepEqual([JSON.parse(stdout)[0].state, JSON.parse(stdout)[0].exitCode], ['exited', 9])
  assert.deepEqual(await readdir(join(dir, 'data/tasks/.gone')), [])
  assert.deepEqual(await engine.docker.listContainers({ all: true }), [])
  await rm(dir, { recursive: true })
})

for (const how of ['SIGTERM', 'SIGKILL'] as const)
  test(`an engine without live-restore that ends by ${how} loses its tasks, which are not run again`, async () => {
    const mortal = await startDockerEngine({ liveRestore: false })
    await using own = await openDocker(async () => mortal)
    const { ref, plan } = await makeJob(own, [{ kind: 'polite' }, { kind: 'told', code: 1 }])
    await own.backend.start(plan, SIGNAL)
    await untilUp(own, ref)
    await own.tell(ref, 'worker-1')
    await until(
      'one task has ended by itself',
      () => own.backend.observe(ref, SIGNAL),
      (seen) => seen[1]?.state === 'exited',
    )
    await mortal.stop(how)
    await assert.rejects(own.backend.observe(ref, SIGNAL), /does not answer/)
    await mortal.start()
    const [cut, ended] = await own.backend.observe(ref, SIGNAL)
    assert.equal(cut?.state, 'lost', JSON.stringify(cut))
    assert.match(cut?.message ?? '', /container engine was restarted while the task ran; .*live-restore/)
    assert.deepEqual([ended?.state, ended?.exitCode], ['exited', 1])
    await own.backend.start(plan, SIGNAL)
    assert.equal(await own.timesRun(ref, 'worker-0'), 1)
    await own.backend.remove(ref, SIGNAL)
    assert.deepEqual(await own.leftovers(ref), [])
  })

test('a task that somebody kills on an engine without live-restore is no victim of the engine', async () => {
  const mortal = await startDockerEngine({ liveRestore: false })
  await using own = await openDocker(async () => mortal)
  const { ref, plan } = await makeJob(own, [{ kind: 'polite' }])
  await own.backend.start(plan, SIGNAL)
  await untilUp(own, ref)
  await untilState(own.backend, ref, 'running')
  await own.real?.kill(ref, 'worker-0', 'first-process')
  const [seen] = await untilState(own.backend, ref, 'exited', 'lost')
  assert.deepEqual([seen?.state, seen?.exitCode, seen?.oomKilled], ['exited', 137, 'no'])
  assert.ok((seen?.memory?.peakBytes ?? 0) > 0, JSON.stringify(seen))
  await own.backend.remove(ref, SIGNAL)
})
