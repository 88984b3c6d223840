// How a task ended, for its exit code and its last words. Pure.
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { LauncherError, messageOf, StopRequest } from './launcher-error.ts'

export type Outcome = {
  readonly code: number
  readonly message: string
  readonly firstFailedRank: number | null
  readonly reason: string | null
}

export type FailedRank = { readonly rank: number; readonly code: number }

/** A stop that came after a rank had failed is its consequence. */
export const failedFirst = ({ rank, code }: FailedRank): Outcome => ({
  ...{ code, message: `rank ${rank} ended with exit code ${code}`, firstFailedRank: rank, reason: null },
})

/** SIGTERM must never look like success, whatever the program made of it. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof StopRequest)
    return { code: LAUNCHER_EXIT.stopped, message: error.message, firstFailedRank: null, reason: null }
  if (error instanceof LauncherError)
    return { code: error.exitCode, message: error.message, firstFailedRank: null, reason: error.reason }
  return {
    code: LAUNCHER_EXIT.spawnFailed,
    message: `the launcher failed: ${messageOf(error)}`,
    firstFailedRank: null,
    reason: 'LauncherFailed',
  }
}
