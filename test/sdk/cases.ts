// One call of each of the SDK's training operations that has a route: what is asked, beside the job and task it is about.
import type { ErrorName } from '../../src/api/errors.ts'
import { body } from '../e2e/harness.ts'
import { LEAST_JOB } from './sent-values.ts'
import type { TrainingOperation } from './training-operations.ts'

export type SdkCase = {
  /** Path parameters of jobs and tasks are filled in; these are the others. */
  readonly params?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  /** Ends or changes its job, and gets one of its own. */
  readonly changes?: true
  /** Documented as not there: the call is refused so. */
  readonly refused?: ErrorName
}

export const CASES: Partial<Record<TrainingOperation, SdkCase>> = {
  create_training_job: { body: { ...LEAST_JOB, metadata: { name: 'sdk-create' } } },
  show_training_job_details: {},
  change_training_job_description: { body: { description: 'Another description' }, changes: true },
  stop_training_job: { body: { action_type: 'terminate' }, changes: true },
  delete_training_job: { changes: true },
  list_training_jobs: {
    body: {
      offset: 0,
      limit: 10,
      sort_by: 'create_time',
      order: 'desc',
      group_by: '',
      workspace_id: '0',
      filters: [
        { key: 'name', operator: 'like', value: ['done'] },
        { key: 'create_time', operator: 'between', value: ['', ''] },
        { key: 'phase', operator: 'in', value: [''] },
        { key: 'algorithm_name', operator: 'like', value: [''] },
      ],
    },
  },
  list_training_job_tasks: { params: { schedule_count: 1 } },
  list_training_job_events: {
    params: { offset: 0, limit: 10, order: 'asc', level: 'Info', pattern: 'created' },
  },
  show_training_job_logs_preview: {},
  show_training_job_flavors: { params: { flavor_type: 'Ascend' } },
}

/** A job that waits until it is stopped. */
export const liveJob = (name: string) =>
  body(name, 'sleep', {
    annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': { runMs: null } } }) },
  })
