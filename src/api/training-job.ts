// A training job as it travels: the create body (modelarts.md §1.3) and what the server adds (§1.4, §1.5).
// Known fields keep their wire spelling. Unknown fields pass through (`loose`) and get a Warning event (decisions.md 3.6).
import { z } from 'zod'

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
const optionalText = z.string().nullish()
const obsRemote = z.looseObject({ obs_url: z.string() })

const environmentName = z
  .string()
  .max(8192)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and "_", not starting with a digit')
const environmentValue = z
  .string()
  .max(4096, 'must be at most 4096 characters')
  .refine((value) => !value.includes('$'), 'must not contain "$"')
  .refine((value) => !value.includes('\0'), 'must not contain NUL')

export const environments = z
  .record(environmentName, environmentValue)
  .refine((map) => Object.keys(map).length <= 100, 'must have at most 100 entries')

export const parameter = z.looseObject({
  name: name,
  value: z
    .string()
    .max(4096)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .default(''),
  description: optionalText,
  i18n_description: z.unknown().optional(),
  constraint: z.looseObject({}).nullish(),
})

export const channelInput = z.looseObject({
  name: name,
  description: optionalText,
  local_dir: optionalText,
  access_method: z.enum(['parameter', 'env']).nullish(),
  remote: z.looseObject({ obs: obsRemote.nullish(), dataset: z.looseObject({}).nullish() }),
  remote_constraint: z.unknown().optional(),
})

export const channelOutput = z.looseObject({
  name: name,
  description: optionalText,
  local_dir: optionalText,
  access_method: z.enum(['parameter', 'env']).nullish(),
  remote: z.looseObject({ obs: obsRemote.nullish() }),
  prefetch_to_local: z.boolean().nullish(),
  mode: z.string().nullish(),
  period: z
    .number()
    .min(1, 'must be at least 1 second')
    .max(86_400, 'must be at most 86400 seconds')
    .nullish(),
})

export const engine = z.looseObject({
  engine_id: optionalText,
  engine_name: optionalText,
  engine_version: optionalText,
  image_url: optionalText,
  install_sys_packages: z.boolean().nullish(),
  image_repo_id: optionalText,
  run_user: optionalText,
})

export const algorithm = z.looseObject({
  id: optionalText,
  subscription_id: optionalText,
  item_version_id: optionalText,
  name: optionalText,
  code_dir: optionalText,
  boot_file: optionalText,
  command: z.string().max(65_536, 'must be at most 65536 characters').nullish(),
  local_code_dir: optionalText,
  working_dir: optionalText,
  environments: environments.nullish(),
  parameters: z.array(parameter).max(1000, 'must have at most 1000 entries').nullish(),
  parameters_customization: z.boolean().nullish(),
  inputs: z.array(channelInput).max(100, 'must have at most 100 entries').nullish(),
  outputs: z.array(channelOutput).max(100, 'must have at most 100 entries').nullish(),
  engine: engine.nullish(),
  policies: z.looseObject({}).nullish(),
  summary: z.looseObject({}).nullish(),
  autosearch_config_path: optionalText,
  autosearch_framework_path: optionalText,
})

export const resource = z.looseObject({
  flavor_id: optionalText,
  node_count: z.number().int('must be a whole number').min(1, 'must be at least 1').max(10_000).nullish(),
  pool_id: optionalText,
  policy: optionalText,
  main_container_customized_flavor: z
    .looseObject({
      cpu_core_num: z.number().positive().nullish(),
      mem_size: z.number().positive().nullish(),
      accelerator_num: z.number().min(0).nullish(),
    })
    .nullish(),
})

export const spec = z.looseObject({
  resource: resource.nullish(),
  volumes: z.array(z.looseObject({})).nullish(),
  log_export_path: z.looseObject({ obs_url: optionalText, host_path: optionalText }).nullish(),
  log_export_config: z.looseObject({}).nullish(),
  auto_stop: z
    .looseObject({
      time_unit: z.literal('HOURS', 'must be "HOURS"'),
      duration: z.number().int().min(1, 'must be at least 1'),
    })
    .nullish(),
  schedule_policy: z
    .looseObject({
      priority: z.number().int().nullish(),
      preemptible: z.boolean().nullish(),
      required_affinity: z.looseObject({}).nullish(),
      preferred_affinity: z.looseObject({}).nullish(),
    })
    .nullish(),
  notification: z.looseObject({}).nullish(),
  custom_metrics: z.array(z.looseObject({})).nullish(),
})

export const metadata = z.looseObject({
  name: name,
  workspace_id: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .nullish(),
  description: z.string().max(256, 'must be at most 256 characters').nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  training_experiment_reference: z.looseObject({}).nullish(),
})

/** Body of `POST /v2/{project_id}/training-jobs`. */
export const trainingJobRequest = z.looseObject({
  kind: z.string().default('job'),
  metadata: metadata,
  algorithm: algorithm.nullish(),
  spec: spec.nullish(),
  tasks: z.array(z.looseObject({})).nullish(),
  endpoints: z.looseObject({}).nullish(),
  train_type: optionalText,
})
export type TrainingJobRequest = z.infer<typeof trainingJobRequest>

export const actionRequest = z.object({ action_type: z.string() })
export const descriptionRequest = z.object({
  description: z.string().max(256, 'must be at most 256 characters'),
})

/** `status` of a job on the wire (§1.5). `waiting` is ours: why a job does not start yet. */
export const jobStatusBody = z.looseObject({
  phase: z.string(),
  secondary_phase: z.string(),
  duration: z.number(),
  start_time: z.number(),
  node_count_metrics: z.array(z.array(z.number())).nullable(),
  tasks: z.array(z.string()),
  task_statuses: z.array(
    z.object({ task: z.string(), exit_code: z.number().nullable(), message: z.string() }),
  ),
  running_records: z.array(z.looseObject({})),
  message: z.string().optional(),
  exit_code: z.number().nullable().optional(),
  waiting: z.object({ position: z.number(), reason: z.string() }).nullable().optional(),
})

/** The job object every call answers with (§1.4). */
export const trainingJob = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    id: z.string(),
    name: z.string(),
    create_time: z.number(),
    description: z.string(),
    workspace_id: z.string(),
  }),
  status: jobStatusBody,
  algorithm: z.looseObject({}),
  spec: z.looseObject({}),
})
export type TrainingJob = z.infer<typeof trainingJob>

export const taskQuery = z.object({ schedule_count: z.coerce.number().int().min(0).optional() })

/** One task of a job: `GET …/tasks` answers an array of these. */
export const trainingTask = z.object({
  task: z.string(),
  ip: z.string(),
  host_ip: z.string(),
  schedule_count: z.number().int(),
})
export type TrainingTask = z.infer<typeof trainingTask>

export const searchRequest = z.looseObject({
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(50).default(50),
  sort_by: z.string().default('create_time'),
  order: z.enum(['asc', 'desc']).default('desc'),
  group_by: z.string().nullish(),
  workspace_id: z.string().default('0'),
  filters: z.array(z.object({ key: z.string(), operator: z.string(), value: z.array(z.string()) })).nullish(),
})
export type SearchRequest = z.infer<typeof searchRequest>

export const searchResponse = z.looseObject({
  total: z.number().int(),
  count: z.number().int(),
  limit: z.number().int(),
  offset: z.number().int(),
  sort_by: z.string(),
  order: z.string(),
  group_by: z.string(),
  workspace_id: z.string(),
  ai_project: z.string(),
  items: z.array(trainingJob),
})
export type SearchResponse = z.infer<typeof searchResponse>
