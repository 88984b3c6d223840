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

const ALGORITHM = {
  job_config: {
    command: 'true',
    engine: { image_url: 'host' },
    parameters: [
      {
        name: 'lr',
        value: '0.1',
        description: 'rate',
        constraint: {
          type: 'Float',
          editable: true,
          required: true,
          sensitive: false,
          valid_range: ['0', '1'],
        },
      },
    ],
    inputs: [{ name: 'data', description: 'images' }],
    outputs: [{ name: 'model', description: 'weights' }],
    parameters_customization: true,
  },
  resource_requirements: [{ key: 'flavor_type', values: ['Ascend', 'CPU'], operator: 'in' }],
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
  list_event_categories: { params: { flavor_type: 'Ascend' } },
  show_training_job_engines: {},
  show_training_job_logs_from_aom: { params: { lines: 10, order: 'asc' } },
  show_training_job_metrics: {},
  notify_training_job_information: { params: { report_type: 'training-event' }, body: { type: 'Saved' } },
  show_training_flavor_max_available_resource: {
    params: { pool_id: 'default', flavor_id: 'ropeway.cpu.1' },
  },
  create_algorithm_version_to_gallery: { refused: 'NotSupported' },
  show_search_algorithms: { refused: 'NotSupported' },
  show_auto_search_yaml_templates_info: { refused: 'NotSupported' },
  show_auto_search_yaml_template_content: {
    params: { algorithm_type: 'hyper', algorithm_name: 'bayes' },
    refused: 'NotSupported',
  },
  show_auto_search_params_analysis: { refused: 'NotSupported' },
  show_auto_search_param_analysis_result_path: { params: { parameter_name: 'lr' }, refused: 'NotSupported' },
  show_auto_search_trial_early_stop: { params: { trial_id: 't' }, refused: 'NotSupported' },
  show_auto_search_trials: { refused: 'NotSupported' },
  show_auto_search_per_trial: { params: { trial_id: 't' }, refused: 'NotSupported' },
  list_ft_artifacts: { refused: 'NotSupported' },
  publish_ft_artifacts: { refused: 'NotSupported' },
  show_ft_detail: { refused: 'NotSupported' },
  show_ft_metrics: { refused: 'NotSupported' },
  show_save_image_job: { refused: 'NotSupported' },
  create_save_image_job: { refused: 'NotSupported' },
  validate_training_job_name: { params: { job_name: 'done' } },
  batch_delete_training_job: {
    body: { jobs: [{ kind: 'job', metadata: { id: 'no-such-job' } }] },
    refused: 'JobNotFound',
  },
  list_training_job_stages: {},
  show_training_job_route_plan: {},
  list_jobs: { params: { resource: 'pools', type: 'reboot-node', limit: 10 } },
  create_algorithm: { body: { ...ALGORITHM, metadata: { name: 'sdk-create', description: 'words' } } },
  list_algorithms: { params: { searches: 'name:made', limit: 1, sort_by: 'create_time', order: 'asc' } },
  show_algorithm_by_uuid: {},
  change_algorithm: { body: { ...ALGORITHM, metadata: { name: 'sdk-change' } } },
  delete_algorithm: {},
  create_training_experiment: { body: { metadata: { name: 'sdk-create', description: 'words' } } },
  list_training_experiments: { params: { sort_by: 'name', order: 'asc', limit: 10, offset: 0 } },
  show_training_experiment_details: {},
  change_training_experiment: { body: { name: 'sdk-change', description: 'other words' } },
  delete_training_experiment: {},
  check_training_experiment: { params: { experiment_name: 'sdk-check' } },
  create_train_job_tags: { body: { tags: [{ key: 'team', value: 'vision' }] } },
  show_train_job_tags: {},
  delete_train_job_tags: { body: { tags: [{ key: 'team', value: 'vision' }] } },
  list_training_job_tags: { params: { limit: 10, offset: 0 } },
  count_training_jobs_by_tags: { body: { tags: [{ key: 'team', values: ['vision'] }] } },
  list_training_jobs_by_tags: { body: { matches: [{ key: 'resource_name', value: 'done' }] } },
  show_training_quotas: { params: { resource: 'job-num' } },
  modify_training_quotas: {
    body: { user_id: 'ann', quotas: [{ resource: 'job-num', quota: 100, used: 0, extra_info: '' }] },
  },
}

/** A job that waits until it is stopped. */
export const liveJob = (name: string) =>
  body(name, 'sleep', {
    annotations: { 'ropeway/fake': JSON.stringify({ tasks: { '*': { runMs: null } } }) },
  })
