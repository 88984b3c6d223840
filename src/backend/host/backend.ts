// The host backend: a task is a sandboxed set of processes of this machine, its root file system the machine's own.
// All state is in files and in /proc, so any later server on the same data folder sees the same tasks.
import { type FSWatcher, watch } from 'node:fs'
import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Placement } from '../../accelerator/device.ts'
import { type DeviceWiring, NO_WIRING } from '../../accelerator/device-wiring.ts'
import type { AttemptRef } from '../../job/job.ts'
import type { Backend, JobPlan } from '../../job/ports.ts'
import { deleteTree } from '../delete-tree.ts'
import { asDiskFull } from '../disk-full.ts'
import { settleAll } from '../settle.ts'
import { GRAVES_DIR, RUN_DIR, taskFolderOf } from '../task-folder.ts'
import { execInTask } from './exec.ts'
import { ENDED_DIR, SUPERVISOR_FILE } from './layout.ts'
import { type HostMachine, readMachine } from './machine.ts'
import { observeTask } from './observe.ts'
import { type HostRequest, planJob } from './plan.ts'
import { readPlan, type StoredPlan } from './record.ts'
import { startTask } from './start.ts'
import { endTask, removeTask } from './stop.ts'
import { SUPERVISOR_SCRIPT } from './supervisor.ts'

export type HostBackendOptions = {
  readonly dataDir: string
  /** Holds node, lib/, tini, launcher.js; becomes /opt/ropeway. */
  readonly runtimeDir: string
  /** Default `<runtimeDir>/run_train.sh`. */
  readonly runTrainPath?: string
  /** Root really changes to the task's uid; anybody else maps it in a user namespace. */
  readonly isRoot: boolean
  /** Absolute paths. */
  readonly tools: { readonly bwrap: string; readonly setpriv: string }
  /** `process.arch` of this machine. */
  readonly arch: string
  /** false: no cgroups. Default true. */
  readonly limits?: boolean
  /** Device files a placement may use; none for simulated hosts. Default none. */
  readonly wiring?: (placement: Placement) => DeviceWiring
}

/** No task is left half handled because another failed. */
async function forEachTask<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  try {
    await settleAll(items.map(work))
  } catch (error) {
    throw asDiskFull(error)
  }
}

class HostBackend implements Backend, AsyncDisposable {
  readonly name = 'host'
  readonly #machine: HostMachine
  readonly #wiring: (placement: Placement) => DeviceWiring
  readonly #watchers = new Set<FSWatcher>()
  readonly #starting = new Map<string, Promise<void>>()

  constructor(machine: HostMachine, wiring: (placement: Placement) => DeviceWiring) {
    this.#machine = machine
    this.#wiring = wiring
  }

  plan: Backend['plan'] = (input) => planJob(this.#machine, input, this.#wiring)

  start(plan: JobPlan, signal: AbortSignal): Promise<void> {
    const { jobId, attempt } = plan
    return forEachTask(plan.tasks, ({ task, request }) =>
      this.#startOnce({ jobId, attempt, task, request: request as HostRequest }, signal),
    )
  }

  async observe(ref: AttemptRef, signal: AbortSignal) {
    signal.throwIfAborted()
    return Promise.all(
      ref.tasks.map((task) => observeTask(this.#machine, this.#folder(ref, task), ref.jobId, task)),
    )
  }

  stop(ref: AttemptRef, graceMs: number, signal: AbortSignal): Promise<void> {
    return forEachTask(ref.tasks, async (task) => {
      const plan = await readPlan(this.#folder(ref, task))
      if (plan !== null && plan.jobId !== ref.jobId) return
      await endTask(this.#folder(ref, task), graceMs, signal)
    })
  }

  exec: Backend['exec'] = (ref, task, request, signal) =>
    execInTask(this.#machine, this.#folder(ref, task), ref.jobId, request, signal)

  remove(ref: AttemptRef, signal: AbortSignal): Promise<void> {
    return forEachTask(ref.tasks, (task) =>
      removeTask(this.#machine, this.#folder(ref, task), ref.jobId, signal),
    )
  }

  runDir(ref: AttemptRef, task: string): string {
    return join(this.#folder(ref, task), RUN_DIR)
  }

  /** Supervisors leave an empty file in one folder when they end, so one watch serves all tasks, old ones too. */
  watch(onChange: (jobId: string) => void): () => void {
    const watcher = watch(join(this.#machine.tasksDir, ENDED_DIR), { persistent: false }, (_, name) => {
      if (name === null) return
      readPlan(join(this.#machine.tasksDir, name)).then(
        (plan) => plan !== null && onChange(plan.jobId),
        () => undefined,
      )
    })
    // The folder was taken away: the calls end, which costs time only.
    watcher.on('error', () => watcher.close())
    this.#watchers.add(watcher)
    return () => {
      watcher.close()
      this.#watchers.delete(watcher)
    }
  }

  /** Stops watching. Tasks go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers.clear()
  }

  /** Of two calls at once the later one joins the first: a folder is never prepared twice at a time. */
  #startOnce(plan: StoredPlan, signal: AbortSignal): Promise<void> {
    const { folder } = plan.request
    const running = this.#starting.get(folder)
    if (running !== undefined) return running
    const starting = startTask(this.#machine, plan, signal).finally(() => this.#starting.delete(folder))
    this.#starting.set(folder, starting)
    return starting
  }

  #folder(ref: Pick<AttemptRef, 'jobId' | 'attempt'>, task: string): string {
    return taskFolderOf(this.#machine.tasksDir, ref.jobId, ref.attempt, task)
  }
}

/** Makes `<dataDir>/tasks` and finishes deletions that a killed server left. */
async function openFolders({ tasksDir, isRoot }: HostMachine): Promise<void> {
  for (const path of [tasksDir, join(tasksDir, ENDED_DIR), join(tasksDir, GRAVES_DIR)]) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chmod(path, 0o700)
  }
  // What cannot be deleted now is only space; it must not keep the server from starting.
  for (const name of await readdir(join(tasksDir, GRAVES_DIR)))
    await deleteTree(join(tasksDir, GRAVES_DIR, name), isRoot).catch(() => undefined)
  // By rename: a running shell goes on reading the file it opened.
  const script = join(tasksDir, SUPERVISOR_FILE)
  await writeFile(`${script}.draft`, SUPERVISOR_SCRIPT, { mode: 0o700 })
  await rename(`${script}.draft`, script)
}

/** Opens the host backend on a data folder. Throws AppError BackendUnavailable when this machine lacks a tool. */
export async function createHostBackend(options: HostBackendOptions): Promise<Backend & AsyncDisposable> {
  const dataDir = resolve(options.dataDir)
  const machine = readMachine({
    dataDir,
    runtimeDir: resolve(options.runtimeDir),
    runTrainPath: resolve(options.runTrainPath ?? join(options.runtimeDir, 'run_train.sh')),
    isRoot: options.isRoot,
    tools: options.tools,
    arch: options.arch,
    limits: options.limits ?? true,
  })
  await openFolders(machine)
  return new HostBackend(machine, options.wiring ?? (() => NO_WIRING))
}
