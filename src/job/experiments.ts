// Experiments group jobs of a workspace and number them (modelarts.md §1.7, #22).
import { AppError } from '../api/error.ts'

export type Experiment = {
  readonly id: string
  readonly workspaceId: string
  readonly name: string
  readonly description: string
  readonly createTimeMs: number
  readonly updateTimeMs: number
  /** Jobs in it now. */
  readonly jobCount: number
}

export const EXPERIMENT_SORT_KEYS = ['create_time', 'update_time', 'name'] as const

export type ExperimentQuery = {
  readonly workspaceId: string
  readonly sortBy: (typeof EXPERIMENT_SORT_KEYS)[number]
  readonly order: 'asc' | 'desc'
  /** From 0. */
  readonly page: number
  readonly limit: number
}

/** Throws AppError InvalidParam. */
export function checkExperimentName(name: string, field: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    throw new AppError(
      'InvalidParam',
      `${field}: got ${JSON.stringify(name.slice(0, 80))}; valid: 1 to 64 letters, digits, "-" or "_"`,
    )
}

export interface ExperimentStore {
  /** Throws AppError DuplicateExperimentName. */
  create(projectId: string, experiment: Omit<Experiment, 'updateTimeMs' | 'jobCount'>): Promise<Experiment>
  find(projectId: string, id: string): Promise<Experiment | null>
  /** `total` counts all of the workspace. */
  list(projectId: string, query: ExperimentQuery): Promise<{ total: number; items: Experiment[] }>
  /** What is undefined stays. null when there is no such experiment; throws AppError DuplicateExperimentName. */
  update(
    projectId: string,
    id: string,
    change: { readonly name?: string | undefined; readonly description?: string | undefined },
    nowMs: number,
  ): Promise<Experiment | null>
  /** Its jobs stay, and are in no experiment any more. false when there was none. */
  remove(projectId: string, id: string): Promise<boolean>
  isNameTaken(projectId: string, workspaceId: string, name: string): Promise<boolean>
}
