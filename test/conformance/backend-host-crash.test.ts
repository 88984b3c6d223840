// The host backend when a server died between any two steps, or the machine gave way under it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { AppError } from '../../src/api/error.ts'
import { createHostBackend } from '../../src/backend/host/backend.ts'
import { readMachine } from '../../src/backend/host/machine.ts'
import type { HostRequest } from '../../src/backend/host/plan.ts'
import { prepareTask } from '../../src/backend/host/prepare.ts'
import { type Harness, makeJob, SIGNAL, untilState, untilUp } from './backend-harness.ts'
import { makeTestRuntime, openHost } from './backend-host-harness.ts'

const isRoot = process.getuid?.() === 0
const TOOLS = { bwrap: '/usr/bin/bwrap', setpriv: '/usr/bin/setpriv' }

let harness: Harness
before(async () => {
  harness = await openHost(isRoot)
})
after(() => harness[Symbol.asyncDispose]())

type Made = Awaited<ReturnType<typeof makeJob>>
const requestOf = ({ plan }: Made): HostRequest => plan.tasks[0]!.request as HostRequest

/** Everything `start` does before the supervisor. */
async function prepare(job: Made): Promise<void> {
  const dataDir = harness.real!.dataDir
  const machine = readMachine({
    ...{ dataDir, runtimeDir: dataDir, runTrainPath: dataDir, tools: TOOLS },
    ...{ isRoot, arch: process.arch, limits: isRoot },
  })
  await prepareTask(machine, { jobId: job.ref.jobId, attempt: 1, task: 'worker-0', request: requestOf(job) })
}

/** A supervisor as a server would start it; resolves to its exit code when it ends. */
async function supervise(job: Made): Promise<number | null> {
  const { folder, command } = requestOf(job)
  const script = join(dirname(folder), '.supervisor.sh')
  const child = spawn('/bin/sh', [script, folder, TOOLS.bwrap, ...command], {
    detached: true,
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  return code
}

const states = async (job: Made) => (await harness.backend.observe(job.ref, SIGNAL)).map((task) => task.state)

const STEPS: readonly (readonly [string, (job: Made) => Promise<void>])[] = [
  [
    'only the folder was made',
    async (job) => void (await mkdir(requestOf(job).folder, { recursive: true, mode: 0o700 })),
  ],
  [
    'all was prepared but the plan not written',
    async (job) => {
      await prepare(job)
      await unlink(join(requestOf(job).folder, 'plan.json'))
    },
  ],
  ['all was prepared', prepare],
]

for (const [step, reach] of STEPS) {
  test(`a server that died when ${step} starts the task once on the next try`, async () => {
    const job = await makeJob(harness, [{ kind: 'polite' }])
    await reach(job)
    assert.deepEqual(await states(job), ['absent'])
    await harness.backend.start(job.plan, SIGNAL)
    await untilUp(harness, job.ref)
    assert.equal(await harness.timesRun(job.ref, 'worker-0'), 1)
    await harness.backend.remove(job.ref, SIGNAL)
    assert.deepEqual(await harness.leftovers(job.ref), [])
  })

  test(`a server that died when ${step} can stop and remove the job`, async () => {
    const job = await makeJob(harness, [{ kind: 'polite' }])
    await reach(job)
    await harness.backend.stop(job.ref, 100, SIGNAL)
    assert.deepEqual(await states(job), ['absent'])
    await harness.backend.remove(job.ref, SIGNAL)
    assert.deepEqual(await harness.leftovers(job.ref), [])
  })
}

test('of five supervisors racing for one task exactly one runs it', async () => {
  const job = await makeJob(harness, [{ kind: 'exit', code: 7 }])
  await prepare(job)
  assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map(() => supervise(job))), [0, 0, 0, 0, 0])
  assert.equal(await harness.timesRun(job.ref, 'worker-0'), 1)
  const [seen] = await harness.backend.observe(job.ref, SIGNAL)
  assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 7])
  await harness.backend.remove(job.ref, SIGNAL)
})

test('a supervisor that comes late, after stop or after remove, runs nothing', async () => {
  const job = await makeJob(harness, [{ kind: 'exit', code: 7 }])
  await prepare(job)
  await harness.backend.stop(job.ref, 100, SIGNAL)
  await supervise(job)
  assert.equal(await harness.timesRun(job.ref, 'worker-0'), 0)
  assert.deepEqual(await states(job), ['absent'])
  await harness.backend.remove(job.ref, SIGNAL)
  await supervise(job)
  assert.deepEqual(await harness.leftovers(job.ref), [])
})

test('after a restart of the machine a task that ran is lost and not started again', async () => {
  const job = await makeJob(harness, [{ kind: 'polite' }])
  await harness.backend.start(job.plan, SIGNAL)
  await untilUp(harness, job.ref)
  await harness.backend.stop(job.ref, 5_000, SIGNAL)
  const { folder } = requestOf(job)
  await unlink(join(folder, 'exit.json'))
  const started = JSON.parse(await readFile(join(folder, 'started.json'), 'utf8'))
  // The pid now belongs to somebody else, and must be left alone.
  await unlink(join(folder, 'started.json'))
  await writeFile(
    join(folder, 'started.json'),
    JSON.stringify({ ...started, pid: process.pid, bootId: 'another' }),
  )
  const [seen] = await harness.backend.observe(job.ref, SIGNAL)
  assert.equal(seen?.state, 'lost')
  assert.match(seen?.message ?? '', /restarted/)
  await harness.backend.start(job.plan, SIGNAL)
  await harness.backend.stop(job.ref, 100, SIGNAL)
  assert.equal(await harness.timesRun(job.ref, 'worker-0'), 1)
  await harness.backend.remove(job.ref, SIGNAL)
})

test('a sandbox that cannot be set up is seen exited, and the message says why', async () => {
  const job = await makeJob(harness, [{ kind: 'polite' }])
  const request = requestOf(job)
  const sandbox = request.sandbox.map((word) => (word === '/home/ma-user' ? '/proc/nowhere' : word))
  const plan = { ...job.plan, tasks: [{ ...job.plan.tasks[0]!, request: { ...request, sandbox } }] }
  await harness.backend.start(plan, SIGNAL)
  const [seen] = await untilState(harness.backend, job.ref, 'exited', 'lost')
  assert.deepEqual([seen?.state, seen?.exitCode], ['exited', 1])
  assert.match(seen?.message ?? '', /could not be set up: bwrap: .*\/proc\/nowhere/)
  await harness.backend.remove(job.ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(job.ref), [])
})

test('folders that a task closed to everybody, and links it left, are deleted without following', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'ropeway-outside-'))
  await writeFile(join(outside, 'kept'), '')
  const text = `mkdir -p /cache/a/b; ln -s ${outside} /cache/a/link; chmod 0 /cache/a/b; chmod 0 /cache/a`
  const job = await makeJob(harness, [{ kind: 'script', text }])
  await harness.backend.start(job.plan, SIGNAL)
  await untilState(harness.backend, job.ref, 'exited')
  await harness.backend.remove(job.ref, SIGNAL)
  assert.deepEqual(await harness.leftovers(job.ref), [])
  assert.deepEqual(await readdir(outside), ['kept'])
  await rm(outside, { recursive: true })
})

test('a deletion that a dead server left half done is finished by the next', async () => {
  const { dataDir } = harness.real!
  const grave = join(dataDir, 'tasks/.gone/0123-1-worker-0.1')
  await mkdir(join(grave, 'cache'), { recursive: true })
  await chmod(grave, 0o500)
  await harness.reopen()
  assert.deepEqual(await readdir(join(dataDir, 'tasks/.gone')), [])
})

test('a full disk is reported as such and nothing is started', {
  skip: isRoot ? false : 'needs root to mount a tmpfs',
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-full-'))
  const [dataDir, runtimeDir] = [join(dir, 'data'), join(dir, 'runtime')]
  await makeTestRuntime(runtimeDir)
  await mkdir(dataDir)
  const run = async (...argv: string[]) => {
    const [code] = await once(spawn(argv[0]!, argv.slice(1)), 'exit')
    assert.equal(code, 0, argv.join(' '))
  }
  await run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dataDir)
  try {
    await using backend = await createHostBackend({
      dataDir,
      runtimeDir,
      isRoot,
      tools: TOOLS,
      arch: process.arch,
    })
    await writeFile(join(dataDir, 'filler'), Buffer.alloc(64 * 1024)).catch(() => undefined)
    const { input, ref } = await makeJob(harness, [{ kind: 'polite' }])
    await assert.rejects(
      backend.start(backend.plan(input), SIGNAL),
      (error) => error instanceof AppError && error.code === 'DiskFull',
    )
    assert.equal((await backend.observe(ref, SIGNAL))[0]?.state, 'absent')
    await backend.remove(ref, SIGNAL)
    await harness.backend.remove(ref, SIGNAL)
    assert.deepEqual(await harness.leftovers(ref), [])
  } finally {
    await run('umount', dataDir)
    await rm(dir, { recursive: true })
  }
})
