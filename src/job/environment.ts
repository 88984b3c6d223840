// The environment of both generations, in every job (modelarts.md §3.6; recommendation at its end: set both families).
// Pure. What the user set always wins, except names the platform owns.

import { ANNOTATION } from './annotations.ts'
import { codeStaging, inputChannels, outputChannels } from './channels.ts'
import type { Job } from './job.ts'
import { hostNamesOf, nodeCount, podName, TASK_PORT, taskIndexOf, workerHost } from './names.ts'
import { lastFolder } from './object-path.ts'
import type { Places } from './places.ts'
import { DEFAULT_TABLE_DIR, MA_HOME, MA_MOUNT, PLACES } from './places.ts'

export type EnvironmentInput = {
  readonly job: Job
  readonly task: string
  /** Where the others reach the task, its `server_id`: programs look for MA_CURRENT_HOST_IP in the table (ascend.md §3.5). */
  readonly address: string
  /** Devices this task owns. */
  readonly deviceCount: number
  /** Physical ids of its Ascend devices; none for other kinds. */
  readonly ascendIds?: readonly number[]
  readonly secrets: Readonly<Record<string, string>>
}

/** Does this job get a rank table, and in which folder? (decisions.md 1.10) */
export function rankTableDir(job: Pick<Job, 'request' | 'generation'>, deviceCount: number): string | null {
  const asked = job.request.algorithm?.environments?.['RANK_TABLE_FILE']
  if (asked) return folderOf(asked)
  return job.generation === 2 && deviceCount > 0 ? DEFAULT_TABLE_DIR : null
}

/** The variable may name a folder, a folder with a slash, or the file itself. */
const folderOf = (value: string): string =>
  (value.endsWith('.json') ? value.slice(0, value.lastIndexOf('/')) : value.replace(/\/+$/, '')) || '/'

/** The complete environment of a task's user process. */
export function buildEnvironment(input: EnvironmentInput): Record<string, string> {
  const { job, deviceCount, ascendIds = [] } = input
  const places = PLACES[job.generation]
  const asked = job.request.algorithm?.environments ?? {}
  const tableDir = rankTableDir(job, deviceCount)
  return {
    HOME: places.home,
    PYTHONUNBUFFERED: '1',
    ...generationOne(input),
    ...generationTwo(input, places),
    ...(deviceCount > 0 && !asked['MA_DIAG_MODE_ENV'] && !asked['MA_RUN_MODE_ENV']
      ? { ASCEND_GLOBAL_LOG_LEVEL: '3', ASCEND_SLOG_PRINT_TO_STDOUT: '1', ASCEND_GLOBAL_EVENT_ENABLE: '1' }
      : {}),
    // As on a real Ascend host: containers of one host tell themselves apart by it.
    ...(ascendIds.length > 0 ? { ASCEND_VISIBLE_DEVICES: ascendIds.join(',') } : {}),
    ...(tableDir && !asked['RANK_TABLE_FILE'] ? { RANK_TABLE_FILE: tableDir } : {}),
    // HCCL would else choose among all cards of the host (ascend.md §1.14).
    ...(deviceCount > 0 && job.request.metadata.annotations?.[ANNOTATION.hostNetwork] === 'true'
      ? { HCCL_IF_IP: input.address }
      : {}),
    ...channelVariables(job),
    ...asked,
    ...input.secrets,
  }
}

function generationOne({ job, task, address }: EnvironmentInput): Record<string, string> {
  const index = taskIndexOf(task)
  const count = nodeCount(job)
  const url = (channels: { name: string; url: string }[], name: string) =>
    (channels.find((channel) => channel.name === name) ?? channels[0])?.url
  const hosts =
    count === 1
      ? { [`BATCH_${job.request.metadata.name}.0_HOSTS`]: `${workerHost(job.id, 0)}:${TASK_PORT}` }
      : Object.fromEntries(
          Array.from({ length: count }, (_, i) => [
            `BATCH_CUSTOM${i}_HOSTS`,
            `${workerHost(job.id, i)}:${TASK_PORT}`,
          ]),
        )
  const optional = {
    DLS_APP_URL: codeStaging(job)?.url,
    DLS_DATA_URL: url(inputChannels(job), 'data_url'),
    DLS_TRAIN_URL: url(outputChannels(job), 'train_url'),
  }
  return {
    DLS_JOB_ID: `job${job.id.replaceAll('-', '').slice(0, 8)}`,
    DLS_TASK_INDEX: String(index),
    DLS_TASK_NUMBER: String(count),
    ...Object.fromEntries(
      Object.entries(optional).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    ...hosts,
    BATCH_JOB_ID:
      job.generation === 1 ? `job${job.id.replaceAll('-', '').slice(0, 8)}` : `modelarts-job-${job.id}`,
    BATCH_TASK_CURRENT_INSTANCE: podName(job.generation, job.id, index),
    BATCH_TASK_CURRENT_HOST_IP: address,
  }
}

function generationTwo(
  { job, task, address, deviceCount }: EnvironmentInput,
  places: Places,
): Record<string, string> {
  const index = taskIndexOf(task)
  const count = nodeCount(job)
  const code = codeStaging(job)
  const local = code
    ? {
        MA_LOCAL_CODE_PATH: `${code.local_dir}/${lastFolder(code.url)}`,
        WORKSPACE: `${code.local_dir}/${lastFolder(code.url)}`,
      }
    : {}
  return {
    MA_HOME,
    MA_JOB_DIR: places.jobDir,
    MA_MOUNT_PATH: MA_MOUNT,
    MA_LOG_DIR: places.logDir,
    ...local,
    MA_SCRIPT_INTERPRETER: '',
    MA_CURRENT_IP: address,
    MA_CURRENT_HOST_IP: address,
    MA_NUM_HOSTS: String(count),
    MA_NUM_GPUS: String(deviceCount),
    MA_TASK_NAME: 'worker',
    MA_CURRENT_INSTANCE_NAME: podName(job.generation, job.id, index),
    MA_VJ_NAME: `ma-job-${job.id}`,
    MA_JOB_KIND: 'job',
    MA_INPUTS: JSON.stringify({ inputs: inputChannels(job).map(channelBody) }),
    MA_OUTPUTS: JSON.stringify({ outputs: outputChannels(job).map(channelBody) }),
    VC_TASK_INDEX: String(index),
    VC_WORKER_NUM: String(count),
    VC_WORKER_HOSTS: Array.from({ length: count }, (_, i) => workerHost(job.id, i)).join(','),
  }
}

const channelBody = ({ name, local_dir, url }: { name: string; local_dir: string; url: string }) => ({
  name,
  local_dir,
  remote: { obs: { obs_url: url } },
})

/** Channels with `access_method: env` travel as variables. */
function channelVariables(job: Job): Record<string, string> {
  const channels = [...inputChannels(job), ...outputChannels(job)]
  return Object.fromEntries(
    channels.filter(({ access }) => access === 'env').map(({ name, local_dir }) => [name, local_dir]),
  )
}

/** Names by which the job's tasks find one another, with their addresses. */
export function hostTable(
  job: Job,
  addresses: readonly string[],
): { name: string; address: string; task: string }[] {
  return addresses.flatMap((address, index) =>
    hostNamesOf(job.id, job.generation, index).map((name) => ({ name, address, task: `worker-${index}` })),
  )
}
