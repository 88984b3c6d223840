// The docker backend: a task is one container of any Docker-compatible engine on this machine. All state is the
// engine's, in labels and in files of the data folder, so any later server on the same folder sees the same tasks.
import { join, resolve } from 'node:path'
import type { ContainerInspectInfo } from 'dockerode'
import type { Placement } from '../../accelerator/device.ts'
import { type DeviceWiring, NO_WIRING } from '../../accelerator/device-wiring.ts'
import { AppError } from '../../api/error.ts'
import type { AttemptRef } from '../../job/job.ts'
import { taskObjectName } from '../../job/names.ts'
import type { Backend, ExecRequest, ExecSession, JobPlan, TaskObservation, Tell } from '../../job/ports.ts'
import { bootAtMs, currentBootId, mayRaiseLimits } from '../process.ts'
import { launcherExec, loaderFor } from '../runtime.ts'
import { settleAll } from '../settle.ts'
import { RUN_DIR, taskFolderOf } from '../task-folder.ts'
import { readMark } from './attempt-record.ts'
import { Attempts } from './attempts.ts'
import { type Engine, inspectContainer, look, withPatience } from './engine.ts'
import { daemonPid, mayBeCut, mortalEngineStartMs } from './engine-restart.ts'
import { execInContainer } from './exec.ts'
import { openFolders, removeFolders } from './folders-on-disk.ts'
import { ImagePuller, type RegistryAuth } from './image.ts'
import { ImageRoots } from './image-root.ts'
import { attemptLabels, attemptName, isOfAttempt, LABEL, labelFilter } from './labels.ts'
import { MemorySeen } from './memory-seen.ts'
import { Networks } from './networks.ts'
import { hasStopped, mapContainer, textOfFrames } from './observe.ts'
import { type DockerMachine, type DockerRequest, planJob } from './plan.ts'
import { nextStep, startHolder, startTask, type TaskStart } from './start.ts'
import { endContainer, removeContainers, removeVolumes } from './stop.ts'
import { watchEngine } from './watch.ts'

export type DockerBackendOptions = {
  readonly dataDir: string
  /** Holds node, lib/, tini, launcher.js; becomes /opt/ropeway. */
  readonly runtimeDir: string
  /** Default `<runtimeDir>/run_train.sh`. */
  readonly runTrainPath?: string
  readonly engine: Engine
  /** Marks what is ours on the engine; the same for every server on one data folder. */
  readonly instanceId: string
  readonly isRoot: boolean
  /** `process.arch` of this machine. */
  readonly arch: string
  /** IPv4 range that networks of jobs are cut from. */
  readonly networkRange: string
  readonly internalNetworks: boolean
  /** The login of a project for the registry of an image; default none. */
  readonly credentials?: (projectId: string, image: string) => Promise<RegistryAuth | null>
  /** What a placement's container gets of its host, given the engine's runtimes; default nothing. */
  readonly wiring?: (placement: Placement, runtimes: readonly string[]) => DeviceWiring
}

type DockerParts = {
  readonly engine: Engine
  readonly machine: DockerMachine
  readonly networks: Networks
  readonly imageRoots: ImageRoots
  readonly attempts: Attempts
  readonly wiring: (placement: Placement) => DeviceWiring
}

/** How long a start waits for an engine that is away. */
const PATIENCE_MS = 120_000

class DockerBackend implements Backend, AsyncDisposable {
  readonly name = 'docker'
  readonly #engine: Engine
  readonly #machine: DockerMachine
  readonly #networks: Networks
  readonly #attempts: Attempts
  readonly #imageRoots: ImageRoots
  readonly #wiring: (placement: Placement) => DeviceWiring
  readonly #starting = new Map<string, Promise<void>>()
  readonly #memory: MemorySeen
  readonly #watchers = new Map<AbortController, Promise<void>>()

  constructor({ engine, machine, networks, imageRoots, attempts, wiring }: DockerParts) {
    this.#engine = engine
    this.#machine = machine
    this.#networks = networks
    this.#imageRoots = imageRoots
    this.#attempts = attempts
    this.#wiring = wiring
    this.#memory = new MemorySeen(engine.isPodman)
  }

  plan: Backend['plan'] = (input) => planJob(this.#machine, input, this.#wiring)

  /** Of two calls at once the later one joins the first. */
  async start(plan: JobPlan, signal: AbortSignal, tell: Tell = () => undefined): Promise<void> {
    signal.throwIfAborted()
    const name = attemptName(plan)
    const running = this.#starting.get(name)
    if (running !== undefined) return running
    const onAway = (error: AppError): void =>
      tell({
        level: 'Warning',
        source: 'Job',
        reason: 'EngineAway',
        message: `${error.message}; waiting for it`,
      })
    const starting = withPatience(() => this.#start(plan, tell, signal), PATIENCE_MS, onAway, signal).finally(
      () => this.#starting.delete(name),
    )
    this.#starting.set(name, starting)
    return starting
  }

  async #start(plan: JobPlan, tell: Tell, signal: AbortSignal): Promise<void> {
    const parts = {
      engine: this.#engine,
      machine: this.#machine,
      networks: this.#networks,
      imageRoots: this.#imageRoots,
    }
    const tasks = plan.tasks.map(
      ({ task, name, request }): TaskStart => ({ id: plan, task, name, request: request as DockerRequest }),
    )
    const steps = await Promise.all(tasks.map((task) => nextStep(parts, task, signal)))
    if (steps.every((step) => step === 'nothing')) return
    const record = await this.#attempts.ensure(plan, tell, signal)
    await settleAll(tasks.map((task) => startHolder(parts, task, record, signal)))
    await settleAll(
      tasks.map((task, index) => startTask(parts, task, steps[index] ?? 'nothing', record, signal)),
    )
  }

  async observe(ref: AttemptRef, signal: AbortSignal): Promise<TaskObservation[]> {
    signal.throwIfAborted()
    return Promise.all(ref.tasks.map((task) => this.#observeTask(ref, task, signal)))
  }

  async #observeTask(ref: AttemptRef, task: string, signal: AbortSignal): Promise<TaskObservation> {
    const folder = this.#folder(ref, task)
    const found = await this.#inspect(ref, task, signal)
    const nothing = {
      mark: null,
      output: '',
      oomKilled: 'unknown',
      memory: null,
      engineStartedAtMs: null,
    } as const
    const known = { ...nothing, bootId: this.#machine.bootId, bootAtMs: bootAtMs() }
    if (found === null || found.State.Status === 'created')
      return mapContainer(task, found, { ...known, mark: await readMark(folder) })
    const seen = { ...known, ...(await this.#memory.look(found)) }
    if (!hasStopped(found) || found.State.ExitCode === 0) return mapContainer(task, found, seen)
    return mapContainer(task, found, {
      ...seen,
      output: await this.#output(found.Id, signal),
      engineStartedAtMs: mayBeCut(found.State.ExitCode)
        ? await mortalEngineStartMs(this.#engine, signal)
        : null,
    })
  }

  /** The container of a task; null when there is none, or it is somebody else's. */
  async #inspect(ref: AttemptRef, task: string, signal: AbortSignal): Promise<ContainerInspectInfo | null> {
    const name = containerName(ref, task)
    const info = await inspectContainer(this.#engine, name, signal)
    return info !== null && isOfAttempt(info.Config.Labels, this.#machine.instanceId, ref) ? info : null
  }

  /** The end of what a container printed itself. Never fails: the exit code matters more than words about it. */
  async #output(id: string, signal: AbortSignal): Promise<string> {
    const ask = (abortSignal: AbortSignal) =>
      this.#engine.docker
        .getContainer(id)
        .logs({ stdout: true, stderr: true, tail: 20, follow: false, abortSignal })
    return look(this.#engine, ask, signal).then(
      (bytes) => textOfFrames(bytes),
      () => '',
    )
  }

  async stop(ref: AttemptRef, graceMs: number, signal: AbortSignal): Promise<void> {
    const { instanceId } = this.#machine
    const isOurs = (info: ContainerInspectInfo): boolean => isOfAttempt(info.Config.Labels, instanceId, ref)
    await settleAll(
      ref.tasks.map((task) => {
        const one = { name: containerName(ref, task), folder: this.#folder(ref, task), isOurs }
        return endContainer(this.#engine, one, graceMs, signal)
      }),
    )
    await removeContainers(
      this.#engine,
      labelFilter({ ...this.#labels(ref), [LABEL.role]: 'network' }).label,
      signal,
    )
  }

  async remove(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    const { label } = labelFilter(this.#labels(ref))
    await removeContainers(this.#engine, label, signal)
    await this.#networks.remove(label, signal)
    await removeVolumes(this.#engine, label, signal)
    const image = (await this.#attempts.records.read(attemptName(ref)))?.image ?? null
    const parts = { engine: this.#engine, machine: this.#machine, image, labels: this.#labels(ref), signal }
    await settleAll(ref.tasks.map((task) => removeFolders(parts, this.#folder(ref, task))))
    await this.#attempts.forget(attemptName(ref))
  }

  async exec(ref: AttemptRef, task: string, request: ExecRequest, signal: AbortSignal): Promise<ExecSession> {
    const info = await this.#inspect(ref, task, signal)
    if (info?.State.Running !== true)
      throw new AppError('JobStatusChanged', 'the task does not run; valid: a task that is running')
    const own = launcherExec(this.#machine.loader, request.session)
    const command = [...own, ...request.command]
    return execInContainer(
      this.#engine.docker,
      info.Id,
      { ...request, command, user: info.Config.User },
      signal,
    )
  }

  runDir(ref: AttemptRef, task: string): string {
    return join(this.#folder(ref, task), RUN_DIR)
  }

  watch(onChange: (jobId: string) => void): () => void {
    const stop = new AbortController()
    const { instanceId } = this.#machine
    this.#watchers.set(stop, watchEngine(this.#engine, instanceId, onChange, stop.signal))
    return () => {
      stop.abort()
      this.#watchers.delete(stop)
    }
  }

  /** Stops watching. Tasks go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const [stop] of watchers) stop.abort()
    await Promise.all(watchers.map(([, ended]) => ended))
    await this.#imageRoots[Symbol.asyncDispose]()
    this.#engine.hangUp()
  }

  #labels(ref: AttemptRef): Record<string, string> {
    return attemptLabels(this.#machine.instanceId, ref)
  }

  #folder(ref: Pick<AttemptRef, 'jobId' | 'attempt'>, task: string): string {
    return taskFolderOf(this.#machine.tasksDir, ref.jobId, ref.attempt, task)
  }
}

const containerName = (ref: Pick<AttemptRef, 'jobId' | 'attempt'>, task: string): string =>
  taskObjectName(ref.jobId, ref.attempt, task)

const OPEN_TIMEOUT_MS = 30_000

/** Opens the docker backend on a data folder. Throws AppError BackendUnavailable when the engine does not answer. */
export async function createDockerBackend(options: DockerBackendOptions): Promise<Backend & AsyncDisposable> {
  const dataDir = resolve(options.dataDir)
  const machine: DockerMachine = {
    dataDir,
    tasksDir: join(dataDir, 'tasks'),
    runtimeDir: resolve(options.runtimeDir),
    runTrainPath: resolve(options.runTrainPath ?? join(options.runtimeDir, 'run_train.sh')),
    loader: loaderFor(options.arch),
    instanceId: options.instanceId,
    bootId: currentBootId(),
    isRoot: options.isRoot,
    // Of an engine that cannot be seen our own right has to do.
    mayRaiseLimits: mayRaiseLimits((await daemonPid(options.engine.socket)) ?? 'self'),
  }
  const { engine } = options
  const networks = new Networks(engine, {
    instanceId: options.instanceId,
    range: options.networkRange,
    internal: options.internalNetworks,
  })
  const attempts = new Attempts({
    machine,
    networks,
    socket: engine.socket,
    images: new ImagePuller(engine.docker),
    credentials: options.credentials ?? (async () => null),
  })
  await openFolders(machine)
  await attempts.open()
  const imageRoots = new ImageRoots(engine, options.instanceId)
  await imageRoots.sweep(AbortSignal.timeout(OPEN_TIMEOUT_MS))
  const wiringOf = options.wiring ?? (() => NO_WIRING)
  const wiring = (placement: Placement): DeviceWiring => wiringOf(placement, engine.runtimes)
  return new DockerBackend({ engine, machine, networks, imageRoots, attempts, wiring })
}
