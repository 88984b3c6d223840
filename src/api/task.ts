// The contract between the server and the launcher inside a task: HTTP over the task's own Unix socket.
// The socket is the identity: there is one per task, so no request carries a job or task id.
// Paths begin with a dot folder, which no bucket name can, because the same socket also serves S3.
import { z } from 'zod'
import { TASK_PROTOCOL } from './task-constants.ts'

/** How the user's program is started; the server parses, the launcher only looks up interpreters. */
export const taskCommand = z.discriminatedUnion('mode', [
  /** argv run as it is: no shell needed in the image. */
  z.object({ mode: z.literal('exec'), argv: z.array(z.string()).min(1) }),
  /** `SHELL -c '<command> "$@"' ropeway <args…>`: parameters are argv, never text (decisions.md 1.9). */
  z.object({ mode: z.literal('shell'), command: z.string(), args: z.array(z.string()) }),
  /** `PYTHON <boot_file> <args…>`; `per_device` starts one process per device through the rank table. */
  z.object({
    mode: z.literal('boot'),
    boot_file: z.string(),
    args: z.array(z.string()),
    per_device: z.boolean(),
  }),
])
export type TaskCommand = z.infer<typeof taskCommand>

/** Something to bring in before the start, or to push out after the end. Local paths are absolute. */
export const staging = z.object({
  name: z.string(),
  url: z.string(),
  local_dir: z.string(),
})
export type Staging = z.infer<typeof staging>

export const outputStaging = staging.extend({
  /** What is in object storage already is brought in before the start: a job that goes on where another one ended. */
  prefetch: z.boolean(),
  /** While the program runs, changed files go out this often. */
  sync_s: z.number().positive(),
})
export type OutputStaging = z.infer<typeof outputStaging>

/**
 * Folders of the log path. `via` objects: their URLs. `via` server: names below a folder of the host, and files go by
 * `POST log-files?name=N&offset=O` with raw bytes: offset 0 makes a file anew, any other has to be its length.
 */
export const logFolders = z.object({ via: z.enum(['objects', 'server']), job: z.string(), task: z.string() })

export const logFileQuery = z.object({
  name: z.string().min(1).max(1024),
  offset: z.coerce.number().int().min(0),
})

export const helloRequest = z.object({ protocol: z.number().int(), pid: z.number().int() })

/** Everything a task must know. Environment travels here and not by argv, because it may hold secrets. */
export const helloResponse = z.object({
  protocol: z.literal(TASK_PROTOCOL),
  job_id: z.string(),
  job_name: z.string(),
  attempt: z.number().int(),
  task: z.string(),
  generation: z.union([z.literal(1), z.literal(2)]),
  command: taskCommand,
  working_dir: z.string().nullable(),
  /** The complete environment of the user's process, except what the image itself sets. */
  environment: z.record(z.string(), z.string()),
  /** Names of variables whose values must never be printed. */
  secret_names: z.array(z.string()),
  /** Downloaded to local_dir/<last folder of url> before the start; null when run_train.sh or the image brings it. */
  code: staging.nullable(),
  inputs: z.array(staging),
  outputs: z.array(outputStaging),
  /** Where log files of CANN and MindSpore are brought to; null: they stay in the task. */
  log_folders: logFolders.nullable(),
  /** Number of tasks of the job: several write to the same outputs. */
  task_count: z.number().int().positive(),
  /** Folder in which the launcher keeps jobstart_hccl.json; null when no table will come. */
  rank_table_dir: z.string().nullable(),
  /** Buckets that S3 on the task's loopback offers; null: there is none. */
  s3_buckets: z.array(z.string()).nullable(),
  rank_table_timeout_s: z.number().positive(),
  grace_s: z.number().positive(),
  spool_limit_bytes: z.number().int().positive(),
  log_file: z.string(),
})
export type HelloResponse = z.infer<typeof helloResponse>

export const rankTableQuery = z.object({
  version: z.coerce.number().int().min(0).default(0),
  wait_s: z.coerce.number().min(0).max(60).default(0),
})

/** `GET exec?session=ID&wait_s=25`: 204 while somebody has the session, after the wait; 410 as soon as nobody has. */
export const execSessionQuery = z.object({
  session: z.string().min(1).max(64),
  wait_s: z.coerce.number().min(0).max(60).default(0),
})

/** `GET rankTable?version=N&wait_s=25`: answers when the table's version is above N, or after the wait. */
export const rankTableResponse = z.object({
  /** 0 = none yet, 1 = initializing (its text grows with what is known), 2 = completed. */
  version: z.number().int(),
  /** Text of jobstart_hccl.json. Empty when version is 0. */
  text: z.string(),
})
export type RankTableResponse = z.infer<typeof rankTableResponse>

/**
 * Streams of one task: the container's log, or one rank's output. `POST logs?attempt=A&stream=S&offset=N` with raw
 * bytes adds to one: the server takes bytes only at offset = length and answers 200 {length}; otherwise 409 {length},
 * and the launcher sends again from there.
 */
export const logStream = z.string().regex(/^(task|rank-\d{1,5})$/)

/** What the launcher tells while it lives. Each becomes at most one event; repeating one is harmless. */
export const taskReport = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('stage'),
    stage: z.enum(['code', 'inputs', 'rank-table', 'training', 'outputs']),
    state: z.enum(['started', 'progress', 'done', 'failed']),
    detail: z.string(),
    seconds: z.number().nullable(),
  }),
  z.object({
    kind: z.literal('rank'),
    rank: z.number().int(),
    device: z.number().int(),
    state: z.enum(['started', 'exited']),
    pid: z.number().int(),
    exit_code: z.number().int().nullable(),
    signal: z.string().nullable(),
  }),
  /** A problem a person should read; `reason` is CamelCase. */
  z.object({
    kind: z.literal('problem'),
    level: z.enum(['Info', 'Warning', 'Error']),
    reason: z.string(),
    message: z.string(),
  }),
  /** The launcher is about to end with this code: the user's code, or a LAUNCHER_EXIT. */
  z.object({
    kind: z.literal('end'),
    exit_code: z.number().int(),
    message: z.string(),
    first_failed_rank: z.number().int().nullable(),
  }),
])
export type TaskReport = z.infer<typeof taskReport>

/** Each report is sent as `{sequence, at_ms, report}`; the server drops a sequence it has seen. */
export const reportRequest = z.object({
  sequence: z.number().int(),
  at_ms: z.number().int(),
  report: taskReport,
})
export type ReportRequest = z.infer<typeof reportRequest>
