// Fields we do not act on: refused by name when they would change the meaning, else kept with a Warning (decisions.md 3.6).
// docs/fields.md shows these two tables.
import { AppError } from '../api/error.ts'
import { type TrainingJobRequest, trainingJobRequest } from '../api/training-job.ts'
import { unknownKeys } from '../api/unknown-keys.ts'
import { RETRY } from './annotations.ts'
import { EVENTS } from './events.ts'
import type { NewEvent } from './job.ts'

type Rule = {
  readonly field: string
  readonly why: string
  readonly isSet: (body: TrainingJobRequest) => boolean
}

/** Blank in any of the ways of quirk 7 of modelarts.md §1.11 is not filled. */
export const isFilled = (value: unknown): boolean =>
  value !== null &&
  value !== undefined &&
  value !== '' &&
  value !== false &&
  !(Array.isArray(value) && value.length === 0) &&
  !(typeof value === 'object' && Object.values(value).every((inner) => !isFilled(inner)))

/** An annotation that turns something on. */
function switchRule(annotation: string, why: string): Rule {
  const isOn = (value: string): boolean => !/^(false)?$/i.test(value)
  const isSet: Rule['isSet'] = ({ metadata }) => isOn(metadata.annotations?.[annotation] ?? '')
  return { field: `metadata.annotations.${annotation}`, why, isSet }
}

/** Would change what the job means: refused. */
export const REFUSED: readonly Rule[] = [
  { field: 'kind', why: 'only "job" is run', isSet: (body) => body.kind !== 'job' },
  { field: 'tasks', why: 'heterogeneous jobs are not supported', isSet: (body) => isFilled(body.tasks) },
  {
    field: 'algorithm.subscription_id',
    why: 'subscribed algorithms are not supported',
    isSet: (body) => isFilled(body.algorithm?.subscription_id),
  },
  {
    field: 'algorithm.item_version_id',
    why: 'subscribed algorithms are not supported',
    isSet: (body) => isFilled(body.algorithm?.item_version_id),
  },
  {
    field: 'train_type',
    why: 'fine-tuning jobs are not supported',
    isSet: (body) => isFilled(body.train_type),
  },
  {
    field: 'ftjob_config',
    why: 'fine-tuning jobs are not supported',
    isSet: (body) => isFilled(body.ftjob_config),
  },
  {
    field: 'algorithm.policies.auto_search',
    why: 'hyper-parameter search is not supported',
    isSet: (body) => isFilled(body.algorithm?.policies?.['auto_search']),
  },
  {
    field: 'algorithm.inputs[].remote.dataset',
    why: 'data sets are not supported; give remote.obs',
    isSet: (body) => (body.algorithm?.inputs ?? []).some((input) => isFilled(input.remote.dataset)),
  },
  {
    field: 'algorithm.autosearch_config_path',
    why: 'hyper-parameter search is not supported',
    isSet: (body) =>
      isFilled(body.algorithm?.autosearch_config_path) || isFilled(body.algorithm?.autosearch_framework_path),
  },
  {
    field: 'spec.resource.pool_group_id',
    why: 'there are no groups of pools',
    isSet: (body) => isFilled(body.spec?.resource?.pool_group_id),
  },
  {
    field: 'spec.asset_id',
    why: 'there is no store of models',
    isSet: (body) => isFilled(body.spec?.asset_id) || isFilled(body.spec?.asset_model),
  },
  {
    field: 'spec.schedule_policy.required_affinity',
    why: 'affinity is not supported yet',
    isSet: (body) => isFilled(body.spec?.schedule_policy?.required_affinity),
  },
  {
    field: 'spec.schedule_policy.preemptible',
    why: 'preemption is not supported yet',
    isSet: (body) => body.spec?.schedule_policy?.preemptible === true,
  },
  {
    field: 'endpoints',
    why: 'interactive jobs are not supported',
    isSet: (body) => isFilled(body.endpoints),
  },
  switchRule('jupyter-lab/enable', 'interactive jobs are not supported'),
  {
    field: 'metadata.annotations.job_template',
    why: 'heterogeneous jobs are not supported ("Template RL")',
    isSet: ({ metadata }) => metadata.annotations?.['job_template'] === 'Template RL',
  },
]

const isRotation = ([name, value]: [string, unknown]): boolean =>
  name === 'rotation_enabled' && value === true

/** Kept and shown, but nothing happens. */
export const KEPT: readonly Rule[] = [
  {
    field: 'spec.notification',
    why: 'there is no notification service',
    isSet: (body) => isFilled(body.spec?.notification),
  },
  {
    field: 'spec.custom_metrics',
    why: 'metrics are not collected yet',
    isSet: (body) => isFilled(body.spec?.custom_metrics),
  },
  {
    field: 'spec.log_export_config.rotation_enabled',
    why: 'exported logs are cut by size and not by time',
    isSet: ({ spec }) => Object.entries(spec?.log_export_config ?? {}).some(isRotation),
  },
  {
    field: 'spec.schedule_policy.priority',
    why: 'the queue is first come, first served',
    isSet: (body) => isFilled(body.spec?.schedule_policy?.priority),
  },
  {
    field: 'spec.schedule_policy.preferred_affinity',
    why: 'affinity is not supported yet',
    isSet: (body) => isFilled(body.spec?.schedule_policy?.preferred_affinity),
  },
  {
    field: 'spec.retention',
    why: 'records of jobs are kept until somebody deletes them',
    isSet: ({ spec }) => spec?.retention?.policy === 'enabled',
  },
  {
    field: 'spec.reserved_time',
    why: 'resources are free as soon as a job has ended',
    isSet: ({ spec }) => isFilled(spec?.reserved_time),
  },
  {
    field: 'spec.output_model',
    why: 'there is no store of models; use an output',
    isSet: ({ spec }) => isFilled(spec?.output_model),
  },
  {
    field: 'algorithm.engine.image_repo_id',
    why: 'images come from the registry that image_url names',
    isSet: ({ algorithm }) => isFilled(algorithm?.engine?.image_repo_id),
  },
  {
    field: 'algorithm.summary',
    why: 'there is no visual tool yet',
    isSet: (body) => isFilled(body.algorithm?.summary),
  },
  switchRule('tensorboard/enable', 'there is no visual tool yet'),
  switchRule('mindstudio-insight/enable', 'there is no visual tool yet'),
  switchRule('fault-tolerance/hang-retry', 'nobody notices that a job hangs'),
]

/** Throws for the first refused field; returns one Warning per kept one and per field nobody knows. */
export function checkFields(body: TrainingJobRequest): NewEvent[] {
  const refused = REFUSED.find((rule) => rule.isSet(body))
  if (refused) throw new AppError('NotSupported', `${refused.field}: ${refused.why}; valid: leave it out`)
  return [
    ...KEPT.filter((rule) => rule.isSet(body)).map((rule) => EVENTS.fieldIgnored(rule.field, rule.why)),
    ...unknownWarnings([...unknownFields(body), ...unknownSwitches(body)]),
  ]
}

const SHOWN_UNKNOWN = 20

function unknownWarnings(fields: readonly string[]): NewEvent[] {
  const shown = fields
    .slice(0, SHOWN_UNKNOWN)
    .map((field) => EVENTS.fieldIgnored(field, 'nobody here knows this field'))
  const left = fields.length - shown.length
  return left > 0 ? [...shown, EVENTS.fieldIgnored(`${left} more fields`, 'nobody here knows them')] : shown
}

/** Families of ModelArts' annotations; all others are labels of the user's own, which mean nothing to anybody but them. */
const FAMILIES = /^(fault-tolerance|jupyter-lab|tensorboard|mindstudio-insight)\//

function unknownSwitches({ metadata }: TrainingJobRequest): string[] {
  const known = new Set([...REFUSED, ...KEPT].map(({ field }) => field))
  const acted: readonly string[] = Object.values(RETRY)
  return Object.keys(metadata.annotations ?? {})
    .filter((name) => FAMILIES.test(name) && !acted.includes(name))
    .map((name) => `metadata.annotations.${name.slice(0, 64)}`)
    .filter((field) => !known.has(field))
}

/** Paths of fields that no schema names; `[]` stands for any position of an array. */
export function unknownFields(body: TrainingJobRequest): string[] {
  const found = Array.from(unknownKeys(trainingJobRequest, body), ({ at, key }) =>
    [...at, key.slice(0, 64)].reduce<string>(
      (path, part) => (typeof part === 'number' ? `${path}[]` : path === '' ? part : `${path}.${part}`),
      '',
    ),
  )
  return [...new Set(found)]
}
