// All ranks of one task: started together, watched by their exits, ended together by the first failure.

import { explainExit } from '../api/exit-advice.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { makeFolder } from '../lib/make-folder.ts'
import type { CpuAffinity } from './cpu-affinity.ts'
import { LOG_FOLDERS } from './diagnose.ts'
import { finishOutput } from './finish-output.ts'
import { LauncherError, messageOf, type StopRequest } from './launcher-error.ts'
import { LastLines } from './lines.ts'
import type { OutputPipes } from './output-pipes.ts'
import type { Platform } from './platform.ts'
import { endFamily, endLeftovers, signalGroups } from './processes.ts'
import { RankCgroup } from './rank-cgroup.ts'
import { LogFile, rankSink } from './rank-logs.ts'
import type { RankPlan } from './rank-plan.ts'
import type { ServiceLog } from './service-log.ts'
import { logFileBytes } from './settings.ts'
import { type Exit, exitCodeOf, type Running, startProgram } from './spawn.ts'

export type RankGroupOptions = {
  readonly argv: readonly string[]
  readonly plans: readonly RankPlan[]
  readonly mark: string
  readonly pipes: OutputPipes
  readonly platform: Platform
  readonly sharedLog: LogFile
  readonly log: ServiceLog
  readonly graceMs: number
  readonly reaper: number | null
  readonly affinity: CpuAffinity | null
  /** What the closing line calls this machine. */
  readonly host: string
}

/** `code` is that of the rank that failed first, by arrival; 0 when none did. */
export type GroupResult = { readonly code: number; readonly firstFailedRank: number | null }

type Started = { readonly plan: RankPlan; readonly running: Running; readonly end: LastLines }
type Failed = { readonly one: Started; readonly code: number }

const SHOWN_LINES = 20

/**
 * Runs all ranks and returns when every one of them is gone and its output was handed on.
 * Throws LauncherError when a rank cannot be started, and the signal's reason when it aborts; nothing is left either way.
 */
export async function runRanks(options: RankGroupOptions, signal: AbortSignal): Promise<GroupResult> {
  const { log, mark, graceMs, reaper } = options
  using cgroup = RankCgroup.open()
  const started: Started[] = []
  const leaders = () => started.map(({ running }) => running.pid)
  const failure = new AbortController()
  const over = AbortSignal.any([signal, failure.signal])
  let first: Failed | null = null
  const exits: Promise<void>[] = []
  let problem: unknown = null
  const onExit = (one: Started, exit: Exit) => {
    const { plan, running } = one
    const code = exitCodeOf(exit)
    // What ends because another could not be started has failed nothing, and nobody is to read that it did.
    if (problem !== null) return
    tellRank(options, plan, running.pid, exit)
    if (code === 0 || signal.aborted) return
    log.error(
      `${rankName(plan)} (pid: ${running.pid}) has exited with non-zero code: ${code}${exit.signal ? ` (${exit.signal})` : ''}`,
    )
    first ??= { one, code }
    failure.abort()
  }
  const told = new Set<number>()
  const tellAll = () => {
    signalGroups(leaders(), 'SIGTERM')
    for (const leader of leaders()) told.add(leader)
  }
  // Before anything else: peers of a dead rank hear of it in the same turn.
  over.addEventListener('abort', tellAll, { once: true })
  try {
    for (const [index, plan] of options.plans.entries()) {
      over.throwIfAborted()
      options.affinity?.bind(index)
      const one = await startRank(options, plan).catch((error: unknown) => {
        throw namingRank(error, plan)
      })
      started.push(one)
      cgroup?.add(one.running.pid)
      exits.push(one.running.exited.then((exit) => onExit(one, exit)))
    }
  } catch (error) {
    if (!over.aborted) problem = error
    failure.abort()
  }
  const all = Promise.all(exits)
  await Promise.race([all, aborted(over)])
  log.info('Begin destroy training processes')
  const family = { leaders: leaders(), mark, reaper, cgroup }
  const left = over.aborted ? await endFamily(family, graceMs, told) : []
  if (left.length > 0) log.error(`processes ${left.join(', ')} could not be ended`)
  await all
  const programs = started.map(({ running }) => running)
  await finishOutput(programs, family, graceMs, log.warning)
  await endLeftovers(family, graceMs, log.info, 'all ranks have ended, and others are left')
  log.info('End destroy training processes')
  await options.platform.settled()
  const failed = first as Failed | null
  // A stop that came after a failure is its consequence.
  if (failed !== null) sayWhy(options, failed)
  else if (signal.aborted) throw signal.reason as StopRequest
  if (problem !== null) throw problem
  if (failed === null) return { code: 0, firstFailedRank: null }
  return { code: failed.code, firstFailedRank: failed.one.plan.rank }
}

/** The last word on a failure, where people look first: who, where, what the code means, and what it printed last. */
function sayWhy({ log, host }: RankGroupOptions, { one, code }: Failed): void {
  const lines = one.end.last(SHOWN_LINES)
  const printed =
    lines.length === 0
      ? 'It printed nothing'
      : `Its last lines:\n${lines.map((line) => `  ${line}`).join('\n')}`
  log.error(
    `rank ${one.plan.rank} (device ${one.plan.device}) on ${host} failed first: ${explainExit(code)}. ${printed}`,
  )
}

async function startRank(options: RankGroupOptions, plan: RankPlan): Promise<Started> {
  const { log, platform, argv } = options
  makeFolders(plan)
  const own = new LogFile(plan.logFile, logFileBytes(plan.env), log.warning)
  const end = new LastLines()
  const sink = rankSink(own, options.sharedLog, platform.rankOutput(plan.rank), end)
  let running: Running
  try {
    running = await startProgram({ argv, env: plan.env, cwd: plan.cwd }, sink, options.pipes)
  } catch (error) {
    await sink.end()
    throw error
  }
  log.info(`bootstrap ${rankName(plan)}`)
  log.info(`${rankName(plan)} (pid: ${running.pid})`)
  platform.tell({
    kind: 'rank',
    rank: plan.rank,
    device: plan.device,
    state: 'started',
    pid: running.pid,
    exit_code: null,
    signal: null,
  })
  return { plan, running, end }
}

/** Which rank it was that could not be started, where that makes a difference: a command that is not there is missed by all. */
function namingRank(error: unknown, { rank, device }: RankPlan): unknown {
  if (!(error instanceof LauncherError) || error.exitCode !== LAUNCHER_EXIT.spawnFailed) return error
  const message = `rank ${rank} (device ${device}) cannot be started: ${error.message}`
  return new LauncherError(error.exitCode, error.reason, message, { cause: error })
}

function makeFolders({ cwd, env }: RankPlan): void {
  try {
    makeFolder(cwd)
  } catch (error) {
    const message = `the working folder ${cwd} cannot be made: ${messageOf(error)}`
    throw new LauncherError(LAUNCHER_EXIT.spawnFailed, 'WorkspaceNotWritable', message)
  }
  for (const name of LOG_FOLDERS) {
    try {
      makeFolder(env[name] ?? cwd)
    } catch {
      // CANN and MindSpore then say themselves where they would have written.
    }
  }
}

function tellRank({ platform }: RankGroupOptions, plan: RankPlan, pid: number, exit: Exit): void {
  platform.tell({
    kind: 'rank',
    rank: plan.rank,
    device: plan.device,
    state: 'exited',
    pid,
    exit_code: exitCodeOf(exit),
    signal: exit.signal,
  })
}

const rankName = ({ rank, device }: RankPlan): string => `proc-rank-${rank}-device-${device}`

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
