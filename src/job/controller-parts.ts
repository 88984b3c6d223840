// What the controller's loop works with.
import type { Inventory } from '../accelerator/device.ts'
import type { Clock } from '../lib/clock.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { Backend, TaskGate } from './ports.ts'
import type { RankFailures } from './rank-failures.ts'
import type { Site } from './site.ts'
import type { JobStore } from './store.ts'
import type { TaskBudgets } from './task-budget.ts'

export type ControllerParts = {
  readonly store: JobStore
  readonly backend: Backend
  readonly gate: TaskGate
  readonly inventory: () => Inventory
  readonly site: Site
  readonly rankFailures: RankFailures
  readonly budgets: TaskBudgets
  /** Wakes this loop: key = job id. */
  readonly wake: ChangeSignal
  /** Tells readers that a job's row changed: key = job id. */
  readonly changed: ChangeSignal
  readonly clock: Clock
  readonly serveId: string
  readonly onError: (jobId: string, error: unknown) => void
  /** Called before and after every action and write; the crash tests end the process there. */
  readonly faultPoint: (point: string) => void
  /** For tests: how fast what was lost is found. */
  readonly pace?: typeof PACE
}

/** A lease is longer than any action on jobs that several serves may move, so that nobody takes over in the middle. */
export const PACE = { leaseMs: 60_000, lookAgainMs: 5_000, lookAroundMs: 15_000 }
