// Brings the docker backend to the suite: an engine of its own, a 2 MB image, real containers, and a runtime folder
// whose "node" is a shell that runs the script a case put into the run folder.
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { createDockerBackend } from '../../src/backend/docker/backend.ts'
import { connectEngine } from '../../src/backend/docker/engine.ts'
import type { AttemptRef } from '../../src/job/job.ts'
import { taskObjectName } from '../../src/job/names.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import type { Harness, RealParts } from './backend-harness.ts'
import { makeTestRuntime, scriptOf } from './backend-host-harness.ts'

/** What the harness needs of an engine. */
export type EngineUnderTest = AsyncDisposable & { readonly docker: Docker; readonly socket: string }

/** The one tag that every engine gives to an import. */
export const SUITE_IMAGE = 'suite:latest'

export const readOr = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

export async function importSuiteImage(
  docker: Docker,
  name = SUITE_IMAGE,
  changes: string[] = [],
): Promise<void> {
  await importImage(docker, name, await busyboxFiles(), changes)
}

async function processesOf(pid: number): Promise<number[]> {
  const namespace = await readlink(`/proc/${pid}/ns/pid`).catch(() => null)
  if (pid <= 0 || namespace === null) return []
  const found: number[] = []
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const link = await readlink(`/proc/${name}/ns/pid`).catch(() => '')
    if (link === namespace && !/^\d+ \(.*\) Z/s.test((await readOr(`/proc/${name}/stat`)) ?? ''))
      found.push(Number(name))
  }
  return found
}

/** Containers, networks, volumes, files and mounts that carry the attempt's name. */
async function leftoversOf(docker: Docker, tasksDir: string, ref: AttemptRef): Promise<string[]> {
  const name = taskObjectName(ref.jobId, ref.attempt, '')
  const found: string[] = []
  for (const { Names } of await docker.listContainers({ all: true }))
    if (Names.some((other) => other.includes(name))) found.push(`container ${Names[0]}`)
  for (const { Name } of await docker.listNetworks())
    if (`${Name}-`.startsWith(name)) found.push(`network ${Name}`)
  for (const { Name } of (await docker.listVolumes()).Volumes ?? [])
    if (Name.startsWith(name)) found.push(`volume ${Name}`)
  for (const dir of [tasksDir, join(tasksDir, '.gone'), join(tasksDir, '.attempts')])
    for (const entry of await readdir(dir))
      if (entry.replace(/\.json$/, '-').startsWith(name)) found.push(`file ${join(dir, entry)}`)
  if ((await readOr('/proc/self/mountinfo'))?.includes(name)) found.push('mount')
  return found
}

export async function openDocker(startEngine: () => Promise<EngineUnderTest>): Promise<Harness> {
  const engine = await startEngine()
  const { docker } = engine
  await importSuiteImage(docker)
  const dir = await mkdtemp(join(tmpdir(), 'rwb-'))
  const [dataDir, runtimeDir] = [join(dir, 'data'), join(dir, 'runtime')]
  await makeTestRuntime(runtimeDir)
  const open = async () =>
    createDockerBackend({
      ...{
        dataDir,
        runtimeDir,
        engine: await connectEngine(engine.socket),
        instanceId: 'suite',
        isRoot: true,
        arch: process.arch,
      },
      ...{ networkRange: '10.212.0.0/16', internalNetworks: true },
    })
  const opened = [await open()]
  const tasksDir = join(dataDir, 'tasks')
  const nameOf = (ref: Pick<AttemptRef, 'jobId' | 'attempt'>, task: string) =>
    taskObjectName(ref.jobId, ref.attempt, task)
  const readSpool: RealParts['readSpool'] = (ref, task, file) =>
    readOr(join(tasksDir, nameOf(ref, task), 'run/spool', file))
  const pidOf = async (ref: AttemptRef, task: string): Promise<number> =>
    docker
      .getContainer(nameOf(ref, task))
      .inspect()
      .then(
        ({ State }) => State.Pid,
        () => 0,
      )
  return {
    backend: opened[0]!,
    addresses: /^10\.212\.\d+\.\d+$/,
    nowMs: () => Date.now(),
    reopen: async () => {
      const next = await open()
      opened.push(next)
      return next
    },
    prepare: async (input, behaviours) => {
      for (const [task, behaviour] of behaviours) {
        const runDir = opened[0]!.runDir({ ...input, tasks: [task] }, task) ?? ''
        await mkdir(runDir, { recursive: true, mode: 0o755 })
        await writeFile(join(runDir, 'behaviour.sh'), `${scriptOf(behaviour)}\n`, { mode: 0o644 })
      }
      return { ...input, image: SUITE_IMAGE }
    },
    timesRun: async (ref, task) =>
      ((await readSpool(ref, task, 'runs')) ?? '').split('\n').filter(Boolean).length,
    tell: async (ref, task) => writeFile(join(tasksDir, nameOf(ref, task), 'run/spool/told'), ''),
    leftovers: (ref) => leftoversOf(docker, tasksDir, ref),
    real: {
      dataDir,
      refused: { image: 'host', words: /"host".*container image/ },
      environment: /^HOME HOSTNAME PATH (TERM |container )*$/,
      readSpool,
      processes: async (ref, task) => processesOf(await pidOf(ref, task)),
      kill: async (ref, task) => {
        process.kill(await pidOf(ref, task), 'SIGKILL')
      },
    },
    [Symbol.asyncDispose]: async () => {
      for (const backend of opened) await backend[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
      await rm(dir, { recursive: true })
    },
  }
}
