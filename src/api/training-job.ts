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

/** Read, with what is left out filled in, by src/job/constraints.ts. */
export const constraint = z.looseObject({
  type: z.unknown().optional(),
  editable: z.unknown().optional(),
  required: z.unknown().optional(),
  sensitive: z.unknown().optional(),
  valid_type: z.unknown().optional(),
  valid_range: z.unknown().optional(),
})

export const parameter = z.looseObject({
  name: name,
  value: z
    .string()
    .max(4096)
    .refine((value) => !value.includes('\0'), 'must not contain NUL')
    .default(''),
  description: optionalText,
  i18n_description: z.unknown().optional(),
  constraint: constraint.nullish(),
})

export const channelInput = z.looseObject({
  name: name,
  description: optionalText,
  local_dir: optionalText,
  access_method: z.enum(['parameter', 'env', '']).nullish(),
  remote: z.looseObject({ obs: obsRemote.nullish(), dataset: z.looseObject({}).nullish() }),
  remote_constraint: z.unknown().optional(),
})

export const channelOutput = z.looseObject({
  name: name,
  description: optionalText,
  local_dir: optionalText,
  access_method: z.enum(['parameter', 'env', '']).nullish(),
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
  policies: z.looseObject({ auto_search: z.unknown().optional() }).nullish(),
  summary: z.looseObject({}).nullish(),
  autosearch_config_path: optionalText,
  autosearch_framework_path: optionalText,
})

export const resource = z.looseObject({
  flavor_id: optionalText,
  node_count: z.number().int('must be a whole number').min(1, 'must be at least 1').max(10_000).nullish(),
  pool_id: optionalText,
  pool_group_id: optionalText,
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
  log_export_config: z
    .looseObject({ version: z.unknown().optional(), rotation_enabled: z.unknown().optional() })
    .nullish(),
  auto_stop: z
    .looseObject({
      time_unit: z.literal('HOURS', 'must be "HOURS"'),
      duration: z.number().int().min(1, 'must be at least 1'),
    })
    .nullish(),
  schedule_policy: z
    .looseObject({
      priority: z.number().int().min(0, 'must be 0 to 3').max(3, 'must be 0 to 3').nullish(),
      preemptible: z.boolean().nullish(),
      required_affinity: z.looseObject({}).nullish(),
      preferred_affinity: z.looseObject({}).nullish(),
    })
    .nullish(),
  notification: z.looseObject({}).nullish(),
  custom_metrics: z.array(z.looseObject({})).nullish(),
  retention: z.looseObject({ policy: optionalText }).nullish(),
  reserved_time: z.looseObject({}).nullish(),
  output_model: z.looseObject({}).nullish(),
  asset_model: z.looseObject({}).nullish(),
  asset_id: optionalText,
})

export const metadata = z.looseObject({
  name: name,
  workspace_id: z
    .string()
    .regex(/^[A-Za-z0-9-]{0,64}$/, 'must be at most 64 letters, digits or "-"')
    .nullish(),
  description: z.string().max(256, 'must be at most 256 characters').nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
  training_experiment_reference: z
    .looseObject({
      id: optionalText,
      name: optionalText,
      description: z.string().max(256, 'must be at most 256 characters').nullish(),
      /** The server's own; it comes back in jobs that are sent again. */
      serial_number: z.unknown().optional(),
    })
    .nullish(),
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
  ftjob_config: z.looseObject({}).nullish(),
})
export type TrainingJobRequest = z.infer<typeof trainingJobRequest>
