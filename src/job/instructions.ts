// What one task is told when it says hello: its HelloResponse, made from the job alone. Pure.
import type { HelloResponse, TaskCommand } from '../api/task.ts'
import { TASK_PROTOCOL } from '../api/task-constants.ts'
import { ANNOTATION } from './annotations.ts'
import { codeStaging, inputChannels, localBootFile, outputChannels } from './channels.ts'
import { logExportTargetOf, targetText } from './check-log-export.ts'
import { parameterArguments, runTrainArguments, taskCommandOf } from './command.ts'
import { buildEnvironment, type EnvironmentInput, rankTableDir } from './environment.ts'
import type { Job } from './job.ts'
import { exportedFolders } from './log-export-names.ts'
import { parseObjectPath } from './object-path.ts'
import { LOG_FILE } from './places.ts'

const DEFAULT_TABLE_TIMEOUT_S = 1800
const LAUNCHER_GRACE_S = 15
/** What a task may keep unsent on disk. */
export const SPOOL_LIMIT_BYTES = 1 << 30

/** Everything the launcher of one task must know. */
export function buildInstructions(input: EnvironmentInput): HelloResponse {
  const { job, task, deviceCount } = input
  const environment = buildEnvironment(input)
  return {
    protocol: TASK_PROTOCOL,
    job_id: job.id,
    job_name: job.request.metadata.name,
    attempt: job.status.attempt,
    task,
    generation: job.generation,
    command: commandOf(job, deviceCount),
    working_dir: job.request.algorithm?.working_dir || null,
    environment,
    secret_names: Object.keys(input.secrets),
    code: runTrainBringsCode(job) ? null : codeStaging(job),
    inputs: inputChannels(job).map(({ name, url, local_dir }) => ({ name, url, local_dir })),
    outputs: outputChannels(job).map(({ access: _, ...output }) => output),
    log_folders: logFolders(job, task),
    task_count: job.status.tasks.length,
    s3_buckets:
      job.request.metadata.annotations?.[ANNOTATION.s3Endpoint] === 'true' ? bucketsNamed(job) : null,
    rank_table_dir: rankTableDir(job, deviceCount),
    rank_table_timeout_s: positive(environment['ROPEWAY_RANK_TABLE_TIMEOUT']) ?? DEFAULT_TABLE_TIMEOUT_S,
    grace_s: LAUNCHER_GRACE_S,
    spool_limit_bytes: SPOOL_LIMIT_BYTES,
    log_file: LOG_FILE,
  }
}

function logFolders({ id, request, status }: Job, task: string): HelloResponse['log_folders'] {
  const target = logExportTargetOf(request)
  if (target === null) return null
  const folders = exportedFolders(id, { attempt: status.attempt, task })
  if (target.kind === 'folder') return { via: 'server', ...folders }
  const where = targetText(target)
  return { via: 'objects', job: `${where}${folders.job}`, task: `${where}${folders.task}` }
}

/** Buckets of every object path that the job's request says, in fields, the command, parameters and variables. */
function bucketsNamed({ request }: Pick<Job, 'request'>): string[] {
  const { algorithm, spec } = request
  const fields = [
    ...[algorithm?.code_dir, algorithm?.boot_file, spec?.log_export_path?.obs_url],
    ...[...(algorithm?.inputs ?? []), ...(algorithm?.outputs ?? [])].map(({ remote }) => remote.obs?.obs_url),
  ]
  const texts = [
    algorithm?.command ?? '',
    ...(algorithm?.parameters ?? []).map(({ value }) => value),
    ...Object.values(algorithm?.environments ?? {}),
  ]
  const buckets = [
    ...fields.map((url) => parseObjectPath(url ?? '')?.bucket),
    ...texts.flatMap((text) =>
      [...text.matchAll(/(?:obs|s3):\/\/([a-z0-9][a-z0-9.-]*)/g)].map(([, name]) => name),
    ),
  ]
  return [...new Set(buckets.filter((name) => name !== undefined))].sort()
}

const positive = (text: string | undefined): number | null => {
  const value = Number(text)
  return Number.isFinite(value) && value > 0 ? value : null
}

/** run_train.sh downloads the code itself when its first argument is a URL. */
function runTrainBringsCode(job: Job): boolean {
  const args = runTrainArguments(job.request.algorithm?.command ?? '')
  return args !== null && /^(obs|s3):\/\//.test(args[0] ?? '')
}

/** What is appended to the command: channels by parameter, then parameters (modelarts.md §3.5 step 7). */
export function appendedArguments(job: Pick<Job, 'request'>): string[] {
  const channels = [...inputChannels(job), ...outputChannels(job)].filter(
    ({ access }) => access === 'parameter',
  )
  return [
    ...channels.map(({ name, local_dir }) => `--${name}=${local_dir}`),
    ...parameterArguments(job.request.algorithm?.parameters ?? []),
  ]
}

function commandOf(job: Job, deviceCount: number): TaskCommand {
  const algorithm = job.request.algorithm
  const args = appendedArguments(job)
  if (algorithm?.command) return taskCommandOf(algorithm.command, args)
  return { mode: 'boot', boot_file: localBootFile(job) ?? '', args, per_device: deviceCount > 0 }
}
