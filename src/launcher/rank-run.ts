// What `run-train`, `ranks` and a boot file per device have in common: wait for the table, convert it, find the own
// devices, run one process on each.
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type ConvertedTable, convertRankTable } from '../accelerator/rank-table/convert.ts'
import { describeFinding } from '../accelerator/rank-table/finding.ts'
import { findOwnDevices, type OwnDevice, type OwnName } from '../accelerator/rank-table/own-devices.ts'
import type { ParsedTable } from '../accelerator/rank-table/types.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { openCpuAffinity } from './cpu-affinity.ts'
import { driverVersion, leaveDriver, meetDriver } from './driver.ts'
import type { Environment } from './environment.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { newMark } from './mark.ts'
import { installOperators } from './operator-package.ts'
import { OutputPipes } from './output-pipes.ts'
import { firstWritable, logFolder, tableFolder, workspaceFolder } from './places.ts'
import type { Platform } from './platform.ts'
import type { ObjectPort } from './ports.ts'
import { ownReaper } from './processes.ts'
import { type GroupResult, runRanks } from './rank-group.ts'
import type { LogFile } from './rank-logs.ts'
import { jobIdOf, planRanks, wantsPhysicalIds } from './rank-plan.ts'
import { tableDigest, watchTable } from './rank-table-change.ts'
import { TABLE_NAME, tablePath } from './rank-table-file.ts'
import { waitForRankTable } from './rank-table-wait.ts'
import type { ServiceLog } from './service-log.ts'
import { graceMsOf, tableIntervalMs, tableTimeoutS } from './settings.ts'
import { replaceFile, utf8Pieces } from './write-file.ts'

const USUAL_DEVICES = 8

export type RankRunOptions = {
  readonly environment: Environment
  readonly pipes: OutputPipes
  readonly prefer: 'MA_HOME' | 'MA_MOUNT_PATH'
  readonly platform: Platform
  readonly log: ServiceLog
  readonly sharedLog: LogFile
  readonly objects: ObjectPort
  /** To the job's log: what steps before the ranks print. */
  readonly write: (bytes: Buffer) => void | Promise<void>
}

export type OwnRanks = {
  readonly devices: readonly OwnDevice[]
  readonly rankSize: number
  readonly tableFile: string | null
  /** The file the table came from, and what it held; null without one. */
  readonly source: { readonly path: string; readonly digest: string } | null
}

/**
 * The whole of davincirun: operators and driver first, then one process of `argv` on each of the task's own ranks.
 * Throws LauncherError, or the signal's reason.
 */
export async function runRankJob(
  options: RankRunOptions,
  argv: readonly string[],
  signal: AbortSignal,
  findRanks = ranksOfTable,
): Promise<GroupResult> {
  const { environment, log } = options
  await installOperators({ ...options, graceMs: graceMsOf(environment) }, signal)
  await meetDriver(environment, log)
  log.info(`Davinci training command: ${argv.join(' ')}`)
  if (environment['ROUTE_PLAN'] === 'true')
    log.warning(
      'Route plan ends: it needs a closed library (/usr/local/route) and is not available; ranks keep the order of the table',
    )
  const own = await findRanks(options, signal)
  const { source } = own
  using _watch =
    source &&
    watchTable(source.path, source.digest, (detail) =>
      log.warning(`the rank table changed while ranks run: ${detail}; they keep theirs`),
    )
  try {
    return await runOnDevices(options, argv, own, signal)
  } finally {
    await leaveDriver(environment, log)
  }
}

/** Waits for the table and tells what this task starts. Throws LauncherError 121, 122 or 123. */
export async function ranksOfTable(options: RankRunOptions, signal: AbortSignal): Promise<OwnRanks> {
  const { environment, log } = options
  const parsed = await awaitTable(options, signal)
  const source = { path: tablePath(environment).path, digest: tableDigest(parsed.text) }
  const conversion = convertRankTable(parsed, {
    isHccsDisabled: environment['HCCL_INTER_HCCS_DISABLE']?.toUpperCase() === 'TRUE',
  })
  for (const finding of conversion.findings) {
    if (finding.severity === 'warning') log.warning(`rank table: ${describeFinding(finding)}`)
    else log.error(`rank table: ${describeFinding(finding)}`)
  }
  if (!conversion.ok) {
    const [worst] = conversion.findings.filter(({ severity }) => severity === 'error')
    throw new LauncherError(
      LAUNCHER_EXIT.rankTableInvalid,
      'RankTableInvalid',
      `the rank table is refused: ${worst ? describeFinding(worst) : 'see above'}`,
    )
  }
  const tableFile = writeTable(options, conversion.converted)
  const own = findOwnDevices(conversion.converted, ownName(environment))
  if (!own.ok) throw new LauncherError(LAUNCHER_EXIT.ownInstanceNotFound, 'OwnInstanceNotFound', own.reason)
  log.info(
    `Current server: ${own.devices[0]?.serverId ?? ''}, ranks ${own.devices.map(({ rankId }) => rankId).join(',')} of ${own.rankSize}`,
  )
  return { devices: own.devices, rankSize: own.rankSize, tableFile, source }
}

function ownName(environment: Environment): OwnName {
  const { BATCH_TASK_CURRENT_INSTANCE: first, MA_CURRENT_INSTANCE_NAME: second } = environment
  const { MA_CURRENT_HOST_IP: host, ASCEND_VISIBLE_DEVICES: visibleDevices } = environment
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
  return { podName: first || second || undefined, hostIp: host || undefined, addresses, visibleDevices }
}

async function awaitTable(
  { environment, log, platform }: RankRunOptions,
  signal: AbortSignal,
): Promise<ParsedTable> {
  const { path, isSet } = tablePath(environment)
  const timeoutS = tableTimeoutS(environment)
  const advice =
    'RANK_TABLE_FILE is not set, so no rank table is made; set environment RANK_TABLE_FILE=/user/config on the job'
  log.info('Wait for Rank table file ready')
  if (!isSet) log.warning(`${advice}. Looking at ${path} all the same`)
  const startMs = performance.now()
  const onWaiting = (detail: string) =>
    log.info(`Wait for Rank table file ready: ${path}: ${detail}${isSet ? '' : `. ${advice}`}`)
  const wait = { path, timeoutMs: timeoutS * 1000, sayEveryMs: tableIntervalMs(environment), onWaiting }
  const result = await waitForRankTable(wait, signal)
  if (result.state === 'timeout') {
    const message = `no rank table after ${timeoutS} s (ROPEWAY_RANK_TABLE_TIMEOUT): ${path}: ${result.detail}${isSet ? '' : `. ${advice}`}`
    throw new LauncherError(LAUNCHER_EXIT.rankTableTimeout, 'RankTableTimeout', message)
  }
  const seconds = (performance.now() - startMs) / 1000
  log.info(`Rank table file (K8S generated) is ready for read: ${path}`)
  platform.tell({ kind: 'stage', stage: 'rank-table', state: 'done', detail: result.detail, seconds })
  return result.table
}

function writeTable({ environment, prefer, log }: RankRunOptions, converted: ConvertedTable): string {
  const folder = tableFolder(environment, prefer)
  if (folder === null) {
    const uid = process.getuid?.() ?? -1
    throw new LauncherError(
      LAUNCHER_EXIT.stageFailed,
      'RankTableFolderNotWritable',
      `the converted rank table has no place: uid ${uid} can write neither ${prefer}/rank_table nor any other of its folders`,
    )
  }
  const file = join(folder, TABLE_NAME)
  try {
    replaceFile(file, converted.text)
  } catch (error) {
    throw new LauncherError(
      LAUNCHER_EXIT.stageFailed,
      'RankTableNotWritten',
      `the converted rank table cannot be written to ${file}: ${messageOf(error)}`,
    )
  }
  // Loaded here, because most tasks have no table to convert.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = createHash('sha256')
  for (const piece of utf8Pieces(converted.text)) hash.update(piece)
  const sha256 = hash.digest('hex')
  log.info(
    `Rank table file (V1) is generated: ${file}, ${converted.servers.length} servers, ${converted.rankSize} ranks, sha256 ${sha256}`,
  )
  return file
}

async function runOnDevices(
  options: RankRunOptions,
  argv: readonly string[],
  own: OwnRanks,
  signal: AbortSignal,
): Promise<GroupResult> {
  const { environment, platform, sharedLog, log } = options
  const logDir = logFolder(environment)
  const workspace = workspaceFolder(environment)
  if (logDir === null || workspace === null) {
    const message = `uid ${process.getuid?.() ?? -1} can write neither a log folder nor a workspace, not even in /tmp`
    throw new LauncherError(LAUNCHER_EXIT.spawnFailed, 'WorkspaceNotWritable', message)
  }
  const jobId = jobIdOf(environment, hostname())
  const mark = `ROPEWAY_RANK_GROUP=${newMark()}`
  const host = own.devices[0]?.serverId || hostname()
  const physicalIds = wantsPhysicalIds(driverVersion())
  const plans = planRanks({ ...own, environment, jobId, logDir, workspace, mark, physicalIds })
  const graceMs = graceMsOf(environment)
  const physical = own.devices.map(({ physicalId }) => physicalId)
  using affinity = await openCpuAffinity({
    environment,
    runtimeDir: options.pipes.runtimeDir,
    physicalIds: physical,
    log,
  })
  return await runRanks(
    {
      ...{ argv, plans, mark, pipes: options.pipes, platform, sharedLog, log, graceMs, host },
      reaper: ownReaper(environment),
      affinity,
    },
    signal,
  )
}

/** Pipes for the ranks to come, made while the table is awaited. */
export function openRankPipes(runtimeDir: string, environment: Environment): OutputPipes {
  const spool = environment['ROPEWAY_LAUNCHER_SOCKET']?.replace(/\/[^/]*$/, '')
  const pipes = new OutputPipes(runtimeDir, firstWritable([spool, environment['TMPDIR']]) ?? '/tmp')
  pipes.prepare(USUAL_DEVICES)
  return pipes
}
