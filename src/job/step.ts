// The words of the controller's loop: what it can see, what it can do, what one turn comes to.
import type { Admission } from './admission.ts'
import type { TaskObservation } from './ports.ts'
import type { RankFailure } from './rank-failures.ts'
import type { JobChange } from './store.ts'

/** What the controller can do in the world. The fault tests kill the server at each of these. */
export const ACTIONS = ['start', 'stop', 'collect', 'remove', 'erase'] as const
export type Action = (typeof ACTIONS)[number]

/** Nothing at all = the job rests until something changes. */
export type Step = { readonly action?: Action; readonly change?: JobChange }

export type World = {
  /** Empty while nothing was ever started. */
  readonly seen: readonly TaskObservation[]
  /** Decision for a waiting job; null when there is none yet. */
  readonly admission: Admission | null
  /** Why the last try to start failed for good, if it did. */
  readonly startError: string | null
  /** A rank that failed in a task which is still ending its others. */
  readonly rankFailure: RankFailure | null
  /** Why the job keeps more on the disk than it may, if it does and the site stops it for that. */
  readonly overBudget: string | null
  readonly nowMs: number
}

/** How an attempt ended. */
export type Outcome = {
  readonly phase: 'Completed' | 'Failed' | 'Terminated' | 'Abnormal'
  readonly message: string
  readonly exitCode: number | null
  /** Set where another attempt may help. */
  readonly retry?: 'failed' | 'lost'
}
