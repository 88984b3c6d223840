// What each process of a task gets: one per device of its own, with the variables of ascend.md §3.6. Pure.
import type { OwnDevice } from '../accelerator/rank-table/own-devices.ts'
import { logSettings } from './diagnose.ts'
import type { Environment } from './environment.ts'
import { wantsSlogOnStdout } from './operator-package.ts'
import { markVariable } from './processes.ts'

export type RankPlan = {
  readonly rank: number
  /** Logical id: index inside the container. */
  readonly device: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly logFile: string
}

export type RankPlanInput = {
  readonly devices: readonly OwnDevice[]
  readonly rankSize: number
  /** The converted table; null when processes run without one. */
  readonly tableFile: string | null
  readonly environment: Environment
  readonly jobId: string
  readonly logDir: string
  readonly workspace: string
  /** `NAME=value` that all processes carry, so that their children can be found. */
  readonly mark: string
  /** DEVICE_ID counts the cards of the host instead of those of the container. */
  readonly physicalIds: boolean
}

/** Driver 20.1.0 alone takes DEVICE_ID for a physical id and knows no ASCEND_DEVICE_ID (ascend.md §1.8). */
export const wantsPhysicalIds = (versionInfo: string): boolean =>
  /^Version=20\.1\.0\s*$/.test(versionInfo.split('\n')[0] ?? '')

/** `BATCH_JOB_ID`, else `MA_VJ_NAME` under its other name, else the host's name (ascend.md §3.6). */
export function jobIdOf(environment: Environment, hostName: string): string {
  return (
    environment['BATCH_JOB_ID'] || environment['MA_VJ_NAME']?.replace('ma-job', 'modelarts-job') || hostName
  )
}

/** One plan per device, in logical order. */
export function planRanks(input: RankPlanInput): RankPlan[] {
  return input.devices.map((device) => planRank(input, device))
}

function planRank(input: RankPlanInput, { rankId, physicalId, logicalId }: OwnDevice): RankPlan {
  const { environment, jobId, logDir } = input
  const cwd = `${input.workspace}/device${logicalId}`
  const env: Record<string, string> = {
    HCCL_CONNECT_TIMEOUT: '1800',
    ...logSettings(environment, `${logDir}/${jobId}`, rankId),
    PYTHONUNBUFFERED: '1',
    ...environment,
    ...(wantsSlogOnStdout(environment) ? { SLOG_PRINT_TO_STDOUT: '1' } : {}),
    JOB_ID: jobId,
    RANK_ID: String(rankId),
    RANK_SIZE: String(input.rankSize),
    DEVICE_ID: String(input.physicalIds ? physicalId : logicalId),
    ...(input.physicalIds ? {} : { ASCEND_DEVICE_ID: String(logicalId) }),
    LOCAL_RANK: String(logicalId),
    ROPEWAY_PHYSICAL_DEVICE_ID: String(physicalId),
    PWD: cwd,
    ...markVariable(input.mark),
  }
  if (input.tableFile === null) delete env['RANK_TABLE_FILE']
  else env['RANK_TABLE_FILE'] = input.tableFile
  return {
    rank: rankId,
    device: logicalId,
    env,
    cwd,
    logFile: `${logDir}/${jobId}-proc-rank-${rankId}-device-${logicalId}.txt`,
  }
}

/** Devices of a task without a table: `count` processes, numbered behind those of the tasks before it. */
export function devicesWithoutTable(count: number, taskIndex: number): OwnDevice[] {
  return Array.from({ length: count }, (_, index) => ({
    rankId: taskIndex * count + index,
    physicalId: index,
    logicalId: index,
    serverId: '',
  }))
}
