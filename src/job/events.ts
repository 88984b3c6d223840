// Every sentence the domain itself says about a job, in one place; reasons are stable, texts are for people.
import type { NewEvent } from './job.ts'

const job = (level: NewEvent['level'], reason: string, message: string): NewEvent => ({
  level,
  source: 'Job',
  reason,
  message,
})
const task = (level: NewEvent['level'], reason: string, name: string, message: string): NewEvent => ({
  level,
  source: 'Task',
  reason,
  message: `[${name}] ${message}`,
})

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)}s`
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

export const EVENTS = {
  created: (name: string) => job('Info', 'JobCreated', `Training job "${name}" was created.`),
  fieldIgnored: (field: string, why: string) =>
    job('Warning', 'FieldIgnored', `${field} is kept but not acted on: ${why}`),
  argumentsLost: () =>
    job(
      'Warning',
      'ArgumentsMayBeLost',
      'Parameters and channels are appended to the end of the command, where nothing can take them; let the program that wants them stand last, or use access_method "env".',
    ),
  dataMissing: (message: string) => job('Warning', 'DataMissing', message),
  waiting: (position: number, reason: string) =>
    job('Info', 'WaitingForResources', `Waiting for resources (position ${position}): ${reason}.`),
  admitted: (attempt: number, where: string) =>
    job('Info', 'ResourcesBooked', `Attempt ${attempt}: resources were booked: ${where}.`),
  running: (waitedMs: number) =>
    job('Info', 'JobRunning', `All tasks are running. [time used: ${seconds(waitedMs)}]`),
  taskStarted: (name: string, address: string) => task('Info', 'TaskStarted', name, `Started at ${address}.`),
  /** `ran` false: its program never began. */
  taskExited: (name: string, code: number, message: string, ran: boolean) =>
    code === 0
      ? task('Info', 'TaskExited', name, 'Training finished. Exit code 0.')
      : task('Error', 'TaskFailed', name, ran ? `Training finished. ${message}` : message),
  taskLost: (name: string, message: string) => task('Error', 'TaskLost', name, message),
  reported: (name: string, type: string) => task('Info', 'Reported', name, `The program reported ${type}.`),
  stopRequested: () => job('Info', 'StopRequested', 'The job is being stopped by its user.'),
  deleteRequested: () => job('Info', 'DeleteRequested', 'The job is being deleted.'),
  autoStop: (hours: number) =>
    job('Warning', 'AutoStop', `The job has run for its ${hours} h (auto_stop) and is being stopped.`),
  stoppingOthers: (cause: string) =>
    job('Info', 'StoppingTasks', `The other tasks are being stopped: ${cause}.`),
  completed: (ms: number) => job('Info', 'JobCompleted', `The job is completed. [Duration: ${seconds(ms)}]`),
  failed: (message: string) => job('Error', 'JobFailed', `The job failed: ${message}.`),
  abnormal: (message: string) => job('Error', 'JobAbnormal', `The job ended abnormally: ${message}.`),
  terminated: (message: string) => job('Info', 'JobTerminated', `The job was stopped: ${message}.`),
  pulling: (image: string) => job('Info', 'PullingImage', `Pulling image ${image}.`),
  pullProgress: (
    image: string,
    seen: { doneBytes: number; totalBytes: number; doneLayers: number; layers: number },
  ) =>
    job(
      'Info',
      'PullingImage',
      `Pulling image ${image}: ${megabytes(seen.doneBytes)} of ${megabytes(seen.totalBytes)} so far, ${seen.doneLayers} of ${seen.layers} layers.`,
    ),
  pullRetried: (image: string, why: string, pauseMs: number) =>
    job(
      'Warning',
      'PullRetried',
      `Pulling image ${image} did not work yet: ${why}; trying again in ${seconds(pauseMs)}.`,
    ),
  pulled: (image: string, digest: string, bytes: number, ms: number) =>
    job(
      'Info',
      'ImagePulled',
      `Image ${image} was pulled: ${megabytes(bytes)}, ${digest}. [time used: ${seconds(ms)}]`,
    ),
  imageCurrent: (image: string, digest: string, ms: number) =>
    job(
      'Info',
      'ImagePulled',
      `Image ${image} is what the registry has: ${digest}. [time used: ${seconds(ms)}]`,
    ),
  execStarted: (name: string, who: string, command: string) =>
    task('Info', 'ExecStarted', name, `${who} runs a command: ${command}`),
  execEnded: (name: string, command: string, code: number | null, ms: number) =>
    task(
      'Info',
      'ExecEnded',
      name,
      `${code === null ? 'Its session was cut off' : `It ended with exit code ${code}`}: ${command} [time used: ${seconds(ms)}]`,
    ),
  restarting: (next: number, left: number, why: string) =>
    job('Warning', 'JobRestarted', `The job is restarted as attempt ${next} (${left} more allowed): ${why}.`),
  logExportFailed: (where: string, why: string) =>
    job(
      'Warning',
      'LogExportFailed',
      `The logs could not be written to ${where}: ${why.replace(/\.$/, '')}. This is tried again until it works; the server keeps the logs meanwhile.`,
    ),
  logExportResumed: (where: string) =>
    job('Info', 'LogExportResumed', `The logs are written to ${where} again; nothing is missing there.`),
  logsRemoved: (why: string) => job('Warning', 'LogsRemoved', why),
  logBudgetReached: (limit: string) =>
    job(
      'Warning',
      'LogBudgetReached',
      `The logs of the job have reached the ${limit} that this installation keeps of one job (disk.job_log_size). What it prints from now on is not kept, in a log path neither; the job runs on.`,
    ),
  diskLow: (why: string) => job('Warning', 'DiskLow', `${why}. Running jobs go on; new ones are refused.`),
  cacheFilling: (name: string, percent: number, share: string) =>
    task('Warning', percent < 100 ? 'CacheFilling' : 'CacheFull', name, `It ${share}.`),
  overBudget: (why: string) => job('Error', 'CacheOverBudget', `The job is being stopped: ${why}.`),
  stopRetried: (message: string) =>
    job('Error', 'StopFailed', `Stopping did not work yet and is tried again: ${message}`),
} as const
