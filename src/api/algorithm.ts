// Stored algorithms: what to run, under a name, with constraints on its parameters (modelarts.md §1.7, #21).
import { z } from 'zod'
import { engine, parameter } from './training-job.ts'

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
const optionalText = z.string().nullish()

/** `attributes` say what a data set must be like; data sets are not there, so they are kept only. */
const remoteConstraint = z.looseObject({ data_type: optionalText, attributes: z.unknown().optional() })

/** Requests say `values`, one of the documents' tables `value`: both are read (modelarts.md appendix A). */
export const resourceRequirement = z.looseObject({
  key: z.enum(['flavor_type', 'device_distributed_mode', 'host_distributed_mode']),
  values: z.array(z.string()).nullish(),
  value: z.array(z.string()).nullish(),
  operator: optionalText,
})

export const jobConfig = z.looseObject({
  code_dir: optionalText,
  boot_file: optionalText,
  command: z.string().max(65_536, 'must be at most 65536 characters').nullish(),
  parameters: z.array(parameter).max(1000, 'must have at most 1000 entries').nullish(),
  /** May a job bring parameters that are not named here? */
  parameters_customization: z.boolean().nullish(),
  inputs: z
    .array(
      z.looseObject({
        name,
        description: optionalText,
        remote_constraints: z.array(remoteConstraint).nullish(),
      }),
    )
    .max(100, 'must have at most 100 entries')
    .nullish(),
  outputs: z
    .array(z.looseObject({ name, description: optionalText }))
    .max(100, 'must have at most 100 entries')
    .nullish(),
  engine: engine.nullish(),
})
export type JobConfig = z.infer<typeof jobConfig>

/** Body of POST and PUT. */
export const algorithmRequest = z.looseObject({
  metadata: z.looseObject({
    name,
    description: z.string().max(256, 'must be at most 256 characters').nullish(),
    workspace_id: z
      .string()
      .regex(/^[A-Za-z0-9-]{0,64}$/, 'must be at most 64 letters, digits or "-"')
      .nullish(),
    ai_project: optionalText,
  }),
  job_config: jobConfig.nullish(),
  resource_requirements: z.array(resourceRequirement).nullish(),
  advanced_config: z.looseObject({}).nullish(),
})
export type AlgorithmRequest = z.infer<typeof algorithmRequest>

export const algorithmBody = z.looseObject({
  metadata: z.looseObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    workspace_id: z.string(),
    create_time: z.number(),
    update_time: z.number(),
    user_name: z.string(),
  }),
  job_config: z.looseObject({}),
  resource_requirements: z.array(z.looseObject({})).nullable(),
  advanced_config: z.looseObject({}),
})
export type AlgorithmBody = z.infer<typeof algorithmBody>

/** `offset` counts records here, not pages. */
export const algorithmQuery = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(50).default(50),
  sort_by: z.enum(['create_time', 'update_time', 'name']).default('create_time'),
  order: z.enum(['asc', 'desc']).default('desc'),
  group_by: z.string().default(''),
  /** Part of a name, with or without `name:` before it. */
  searches: z.string().max(256).default(''),
  workspace_id: z.string().default('0'),
})

export const algorithmList = z.object({
  total: z.number().int(),
  count: z.number().int(),
  limit: z.number().int(),
  offset: z.number().int(),
  sort_by: z.string(),
  order: z.string(),
  group_by: z.string(),
  items: z.array(algorithmBody),
})
export type AlgorithmList = z.infer<typeof algorithmList>
