// The calls of Huawei Cloud's SDK that touch training (client notes §1), and those of them that have no route yet.
import type { Route } from '../../src/api/route.ts'
import { ROUTES } from '../../src/api/routes.ts'
import type { SdkOperation } from './python-sdk.ts'

export const TRAINING_OPERATIONS = [
  'list_algorithms',
  'create_algorithm',
  'delete_algorithm',
  'show_algorithm_by_uuid',
  'change_algorithm',
  'create_algorithm_version_to_gallery',
  'list_jobs',
  'count_training_jobs_by_tags',
  'list_training_jobs_by_tags',
  'list_training_job_tags',
  'show_train_job_tags',
  'create_train_job_tags',
  'delete_train_job_tags',
  'show_search_algorithms',
  'list_event_categories',
  'check_training_experiment',
  'list_training_experiments',
  'create_training_experiment',
  'delete_training_experiment',
  'show_training_experiment_details',
  'change_training_experiment',
  'show_training_job_engines',
  'show_training_job_flavors',
  'validate_training_job_name',
  'list_training_jobs',
  'create_training_job',
  'show_auto_search_yaml_templates_info',
  'show_auto_search_yaml_template_content',
  'batch_delete_training_job',
  'delete_training_job',
  'show_training_job_details',
  'change_training_job_description',
  'stop_training_job',
  'show_auto_search_params_analysis',
  'show_auto_search_param_analysis_result_path',
  'show_auto_search_trial_early_stop',
  'show_auto_search_trials',
  'show_auto_search_per_trial',
  'list_training_job_events',
  'list_ft_artifacts',
  'publish_ft_artifacts',
  'show_ft_detail',
  'show_ft_metrics',
  'show_training_job_logs_from_aom',
  'show_training_job_metrics',
  'show_training_job_route_plan',
  'list_training_job_stages',
  'list_training_job_tasks',
  'show_training_job_logs_preview',
  'notify_training_job_information',
  'show_save_image_job',
  'create_save_image_job',
  'show_training_flavor_max_available_resource',
  'show_training_quotas',
  'modify_training_quotas',
] as const

export type TrainingOperation = (typeof TRAINING_OPERATIONS)[number]

/** Answered with PathNotFound or MethodNotAllowed. A test asks for a case as soon as one of them has a route. */
export const NOT_THERE_YET: readonly TrainingOperation[] = []

const shape = (path: string): string => path.replace(/\{\w+\}|:[a-z]+/g, '*')

/** Is there a route that the SDK's call would reach? */
export const hasRoute = ({ method, path }: SdkOperation): boolean =>
  (Object.values(ROUTES) as Route[]).some(
    (route) => route.method === method && shape(route.path) === shape(path),
  )
