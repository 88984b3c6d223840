// The observation of a task that the engine knows nothing of. Pure.
import type { TaskObservation } from '../job/ports.ts'

export const absentTask = (task: string): TaskObservation => ({
  task,
  state: 'absent',
  address: null,
  exitCode: null,
  oomKilled: 'unknown',
  memory: null,
  imageDigest: null,
  startedAtMs: null,
  endedAtMs: null,
  message: '',
})
