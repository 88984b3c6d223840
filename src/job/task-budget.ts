// How much one task may keep on the disk of /cache, and what is said when it nears or passes that. Pure.
import { sizeText } from '../lib/size.ts'
import { EVENTS } from './events.ts'
import type { Job, NewEvent } from './job.ts'

/** `warn`: an event · `stop`: the job fails with a sentence. */
export type OverBudget = 'warn' | 'stop'

/** Which jobs keep more than they may. */
export interface TaskBudgets {
  /** Why the present attempt of a job must be stopped, as a sentence without its full stop; null when it need not. */
  exceeded(job: Pick<Job, 'id' | 'status'>): string | null
}

/** Shares of the budget that are told of, in percent. */
const TOLD_AT = [80, 95, 100] as const
export type BudgetLevel = 0 | (typeof TOLD_AT)[number]

export const budgetLevel = (bytes: number, budgetBytes: number): BudgetLevel =>
  TOLD_AT.findLast((percent) => bytes * 100 >= budgetBytes * percent) ?? 0

/** What a new, higher level makes of it: 100 is reached when the budget is used up and passed by the next byte. */
export function budgetEvent(task: string, bytes: number, budgetBytes: number, level: BudgetLevel): NewEvent {
  const share = `keeps ${sizeText(bytes)} in /cache, its homes and /tmp, ${Math.floor((bytes * 100) / budgetBytes)} % of the ${sizeText(budgetBytes)} that the site gives a task (disk.cache_size)`
  return EVENTS.cacheFilling(task, level, share)
}

export const overBudget = (task: string, bytes: number, budgetBytes: number): string =>
  `${task} keeps ${sizeText(bytes)} in /cache, its homes and /tmp; the site gives a task ${sizeText(budgetBytes)} (disk.cache_size)`
