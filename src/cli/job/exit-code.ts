// What `ropeway run` and `ropeway job wait` exit with (decisions.md 3.5).
import type { JobState } from '../../client/follow.ts'

/** Completed 0, Failed the first failing rank's code, Terminated 143, everything else 70. */
export function exitCodeOf(state: Pick<JobState, 'phase' | 'exit_code'>): number {
  if (state.phase === 'Completed') return 0
  if (state.phase === 'Terminated') return 143
  // A failure must never look like success, whatever was recorded.
  if (state.phase === 'Failed') return state.exit_code && state.exit_code <= 255 ? state.exit_code : 1
  return 70
}
