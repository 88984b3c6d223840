// The time line of a job: four stages for each run (modelarts.md §1.5). Pure.
import type { Stage, StageList } from '../api/job-calls.ts'
import type { AttemptRecord, Job, JobStatus } from './job.ts'

const STAGES = [
  { name: 'scheduling', en_message: 'Waiting for resources', zh_message: '作业调度' },
  { name: 'preparing', en_message: 'Preparing the environment', zh_message: '环境准备' },
  { name: 'running', en_message: 'Running', zh_message: '作业运行' },
  { name: 'end', en_message: 'Ended', zh_message: '作业结束' },
] as const satisfies readonly Pick<Stage, 'name' | 'en_message' | 'zh_message'>[]

/** Times of one run; null while they are not known. */
type Run = {
  readonly queuedAtMs: number
  readonly startAtMs: number | null
  readonly runningAtMs: number | null
  readonly endAtMs: number | null
}

/** What each run went through, the oldest first. */
export function stagesOf(job: Job): StageList {
  const runs = runsOf(job)
  return {
    total_count: runs.length,
    running_records: runs.map((run, index) => ({
      record_order: index + 1,
      stages: stagesOfRun(job.id, run),
    })),
  }
}

/** A run is queued when the job was made, or when the one before it ended. */
function runsOf({ createTimeMs, status }: Job): Run[] {
  const runs = status.records.map((record, index) =>
    runOf(record, status.records[index - 1], createTimeMs, status),
  )
  const last = status.records.at(-1)
  const waits = last === undefined || (last.endAtMs !== null && status.endTimeMs === null)
  if (!waits) return runs
  const queuedAtMs = last?.endAtMs ?? createTimeMs
  return [...runs, { queuedAtMs, startAtMs: null, runningAtMs: null, endAtMs: status.endTimeMs }]
}

/** A run can be over before anybody saw it; its tasks know when they began. */
const runOf = (
  record: AttemptRecord,
  before: AttemptRecord | undefined,
  createTimeMs: number,
  { startTimeMs, attempt }: JobStatus,
): Run => ({
  queuedAtMs: before?.endAtMs ?? createTimeMs,
  startAtMs: record.startAtMs,
  runningAtMs: record.runningAtMs ?? (record.attempt === attempt && attempt === 1 ? startTimeMs : null),
  endAtMs: record.endAtMs,
})

function stagesOfRun(jobId: string, { queuedAtMs, startAtMs, runningAtMs, endAtMs }: Run): Stage[] {
  const begins = [queuedAtMs, startAtMs, runningAtMs, endAtMs]
  return STAGES.flatMap((stage, index): Stage[] => {
    const begin = begins[index] ?? null
    if (begin === null) return []
    // A stage that was never reached ends nothing.
    const end = begins.slice(index + 1).find((time) => time !== null) ?? null
    return [
      {
        job_id: jobId,
        ...stage,
        start_time: isoTime(begin),
        end_time: stage.name === 'end' ? isoTime(begin) : isoTime(end),
        stage_order: index + 1,
        sub_stages: [],
      },
    ]
  })
}

/** With an offset, as the documents write it. */
const isoTime = (ms: number | null): string =>
  ms === null ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00')
