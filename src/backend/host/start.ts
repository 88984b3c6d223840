// Starts the supervisor of one task and waits until the task is up, or has failed to come up.
import { type StdioOptions, spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { ChangeSignal } from '../../lib/signal.ts'
import { SUPERVISOR_FILE, TASK_FILES } from './layout.ts'
import type { HostMachine } from './machine.ts'
import { prepareTask, syncStarted } from './prepare.ts'
import { logTail, readInfo, readPlan, readRecord, readStarted, type StoredPlan } from './record.ts'

/** After this long `start` returns and leaves the rest to `observe`. */
const UP_TIMEOUT_MS = 10_000

/** Resolves when the supervisor ended or failed to be made; never rejects. */
type Supervisor = { readonly ended: Promise<string>; unref(): void }

async function spawnSupervisor(machine: HostMachine, plan: StoredPlan): Promise<Supervisor> {
  const { folder, command } = plan.request
  await using log = await open(join(folder, TASK_FILES.log), 'a', 0o600)
  await using nothing = await open('/dev/null', 'r+')
  const stdio: StdioOptions = ['ignore', log.fd, log.fd]
  for (const fd of machine.inheritedFds) {
    while (stdio.length < fd) stdio.push('ignore')
    stdio[fd] = nothing.fd
  }
  // detached = a session of its own: neither a terminal's hang-up nor our death reaches it.
  const child = spawn(
    '/bin/sh',
    [join(machine.tasksDir, SUPERVISOR_FILE), folder, machine.tools.bwrap, ...command],
    {
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio,
    },
  )
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return { ended, unref: () => child.unref() }
}

/** Calls `look` now, at each change of the folder and when `also` settles, until it says true or the time is over. */
async function watchUntil(
  folder: string,
  look: () => Promise<boolean>,
  also: Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const changed = new ChangeSignal()
  const wake = (): void => changed.notify(folder)
  const watcher = watch(folder, { persistent: false }, wake)
  watcher.on('error', wake)
  void also.then(wake)
  const deadline = performance.now() + UP_TIMEOUT_MS
  try {
    for (let left = UP_TIMEOUT_MS; left > 0; left = deadline - performance.now()) {
      // Listen before looking, so that no change falls in between.
      const next = changed.wait(folder, left, signal)
      if (await look()) return
      await next
      signal.throwIfAborted()
    }
  } finally {
    watcher.close()
    wake()
  }
}

/** Is the task up, or will it never be? */
async function isSettled(folder: string): Promise<boolean> {
  if ((await readInfo(folder)) !== null) return true
  const record = await readRecord(folder)
  return record.exitCode !== null || (record.started !== null && !record.supervisorAlive)
}

/**
 * Leaves alone whatever has a started.json. Throws AppError BackendUnavailable when no supervisor could be made, and
 * Internal when the folder belongs to another job.
 */
export async function startTask(machine: HostMachine, plan: StoredPlan, signal: AbortSignal): Promise<void> {
  const { folder } = plan.request
  const existing = await readPlan(folder)
  if (existing !== null && existing.jobId !== plan.jobId) {
    throw new AppError(
      'Internal',
      `The task folder ${folder} belongs to job ${existing.jobId}; delete that job first`,
    )
  }
  if ((await readStarted(folder)) !== null) return
  signal.throwIfAborted()
  if (existing === null) await prepareTask(machine, plan)
  const supervisor = await spawnSupervisor(machine, plan)
  supervisor.unref()
  let gone: string | null = null
  const ended = supervisor.ended.then((how) => {
    gone = how
  })
  const look = async (): Promise<boolean> =>
    (gone !== null && (await readStarted(folder)) === null) || (await isSettled(folder))
  await watchUntil(folder, look, ended, signal)
  if (gone !== null && (await readStarted(folder)) === null) {
    throw new AppError(
      'BackendUnavailable',
      `The supervisor of ${plan.task} ended at once (${gone}): ${(await logTail(folder)) || 'it said nothing'}`,
    )
  }
  if ((await readStarted(folder)) !== null) await syncStarted(folder)
}
