// What every step of a task's life has at hand.
import type { HelloResponse, TaskReport } from '../api/task.ts'
import type { Environment } from './environment.ts'
import { LauncherError } from './launcher-error.ts'
import type { LogSpool } from './log-spool.ts'
import type { ObjectPort } from './ports.ts'
import type { ServiceLog } from './service-log.ts'

export type TaskContext = {
  readonly hello: HelloResponse
  /** The user's, complete. */
  readonly environment: Environment
  readonly runtimeDir: string
  readonly spool: LogSpool
  readonly log: ServiceLog
  readonly objects: ObjectPort
  readonly tell: (report: TaskReport) => void
}

type Stage = Extract<TaskReport, { kind: 'stage' }>['stage']

/** Runs one stage of the task and tells how it went; `work` returns a sentence for the log, or null for none. */
export async function inStage(
  context: Pick<TaskContext, 'tell' | 'log'>,
  stage: Stage,
  work: () => Promise<string | null>,
): Promise<void> {
  const startMs = performance.now()
  const seconds = () => Math.round(performance.now() - startMs) / 1000
  const tell = (state: 'started' | 'done' | 'failed', detail: string, took: number | null) =>
    context.tell({ kind: 'stage', stage, state, detail, seconds: took })
  tell('started', '', null)
  try {
    const detail = await work()
    if (detail !== null) context.log.info(detail)
    tell('done', detail ?? '', seconds())
  } catch (error) {
    if (error instanceof LauncherError) tell('failed', error.message, seconds())
    throw error
  }
}
