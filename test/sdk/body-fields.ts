// Every field of the SDK's other bodies (create-fields.ts has those of a job), sent one at a time in the least body of its call.
import type { Connected } from './connected.ts'
import { leavesOf, merged, onlyAt, valueAt } from './model-fields.ts'
import type { PythonSdk, SdkOperation } from './python-sdk.ts'
import type { TrainingOperation } from './training-operations.ts'

export type BodyFieldResult = {
  readonly call: TrainingOperation
  readonly path: string
  readonly sent: unknown
  /** What came of it, in words. */
  readonly result: string
}

type Sending = {
  readonly least: object
  /** By path; other fields get a value of their type. */
  readonly values?: Readonly<Record<string, unknown>>
  /** What has to stand beside a field. Keys are beginnings of paths. */
  readonly beside?: Readonly<Record<string, object>>
}

const TAG = { key: 'team', values: ['vision'] }

const ALGORITHM: Sending = {
  least: {
    metadata: { name: 'fields' },
    job_config: { command: 'true', engine: { image_url: 'host' } },
  },
  values: {
    'metadata.name': 'fields',
    'metadata.workspace_id': '0',
    'job_config.code_dir': 'obs://training-bucket/code/',
    'job_config.boot_file': 'obs://training-bucket/code/train.py',
    'job_config.command': 'python3 train.py',
    'job_config.parameters[].value': '0.1',
    'job_config.parameters[].constraint.type': 'Float',
    'job_config.parameters[].constraint.valid_type': 'None',
    'job_config.parameters[].constraint.valid_range[]': '0.1',
    'job_config.parameters[].i18n_description.language': 'en-us',
    'job_config.inputs[].remote_constraints[].data_type': 'obs',
    'job_config.engine.image_url': 'harbor.example.com/team/train:1',
    'resource_requirements[].values[]': 'Ascend',
    'resource_requirements[].operator': 'in',
    'resource_requirements[].key': 'flavor_type',
  },
  beside: {
    'job_config.boot_file': { job_config: { command: '', code_dir: 'obs://training-bucket/code/' } },
    'job_config.parameters': { job_config: { parameters: [{ name: 'lr', value: '0.1' }] } },
    'job_config.inputs': { job_config: { inputs: [{ name: 'data_url' }] } },
    'job_config.outputs': { job_config: { outputs: [{ name: 'train_url' }] } },
    resource_requirements: {
      resource_requirements: [{ key: 'flavor_type', values: ['Ascend'], operator: 'in' }],
    },
  },
}

const TAGGED: Sending = {
  least: {},
  values: {
    workspace_id: '0',
    'matches[].key': 'resource_name',
    'matches[].value': 'done',
    'tags[].values[]': 'vision',
  },
  beside: { tags: { tags: [TAG] }, matches: { matches: [{ key: 'resource_name', value: 'done' }] } },
}

const SENDINGS: Partial<Record<TrainingOperation, Sending>> = {
  create_algorithm: ALGORITHM,
  change_algorithm: ALGORITHM,
  create_training_experiment: {
    least: { metadata: { name: 'fields' } },
    values: { 'metadata.name': 'fields', 'metadata.workspace_id': '0' },
  },
  change_training_experiment: { least: { description: 'words' }, values: { name: 'fields' } },
  create_train_job_tags: { least: { tags: [{ key: 'team', value: 'vision' }] } },
  delete_train_job_tags: { least: { tags: [{ key: 'team', value: 'vision' }] } },
  list_training_jobs: {
    least: { limit: 1 },
    values: {
      sort_by: 'name',
      order: 'asc',
      workspace_id: '0',
      train_type: 'ftjob',
      'host_ips[]': '192.0.2.1',
      'filters[].key': 'name',
      'filters[].operator': 'like',
      'filters[].value[]': 'done',
    },
    beside: {
      filters: { filters: [{ key: 'name', operator: 'like', value: ['done'] }] },
      tags: { tags: [TAG] },
    },
  },
  count_training_jobs_by_tags: TAGGED,
  list_training_jobs_by_tags: TAGGED,
  modify_training_quotas: {
    least: { user_id: 'ann', quotas: [{ resource: 'job-num', quota: 100, used: 0, extra_info: '' }] },
    values: { user_id: 'ann', 'quotas[].resource': 'job-num', 'quotas[].used': 0 },
  },
  change_training_job_description: { least: { description: 'words' } },
}

const OF_TYPE: Readonly<Record<string, unknown>> = {
  str: 'text',
  int: 2,
  bool: true,
  'dict(str, str)': { key: 'text' },
}

const NONE: SdkOperation = { method: '', path: '', request: {}, response: '' }

/** Leaves the world's tags, quotas, experiment and algorithm changed. */
export async function sendOtherFields({ sdk, description, world }: Connected): Promise<BodyFieldResult[]> {
  const results: BodyFieldResult[] = []
  const ids = {
    training_job_id: (await world.paramsFor('deleteTrainingJob'))['job'],
    algorithm_id: (await world.paramsFor('showAlgorithm'))['algorithm'],
    experiment_id: (await world.paramsFor('showExperiment'))['experiment'],
  }
  for (const [name, sending] of Object.entries(SENDINGS)) {
    const call = name as TrainingOperation
    const { request, response } = description.operations[call] ?? NONE
    const params = Object.fromEntries(Object.entries(ids).filter(([key]) => key in request))
    const known = new Set(leavesOf(description.models, response).map(({ path }) => path))
    for (const { path, type } of leavesOf(description.models, request['body'] ?? '')) {
      const sent = sending.values?.[path] ?? OF_TYPE[type] ?? 'text'
      const beside = Object.entries(sending.beside ?? {}).flatMap(([start, part]) =>
        path.startsWith(start) ? [part] : [],
      )
      const body = own([...beside, onlyAt(path, sent)].reduce(merged, sending.least), results.length)
      const result = await resultOf(sdk, { call, params, body, path, isAnswered: known.has(path) })
      results.push({ call, path, sent, result })
    }
  }
  return results
}

/** A name of its own, so that no two are alike. */
const own = (body: unknown, index: number): object =>
  JSON.parse(JSON.stringify(body).replace('"name":"fields"', `"name":"fields-${index}"`)) as object

async function resultOf(
  sdk: PythonSdk,
  asked: {
    readonly call: string
    readonly params: Readonly<Record<string, unknown>>
    readonly body: object
    readonly path: string
    readonly isAnswered: boolean
  },
): Promise<string> {
  const { call, params, body, path, isAnswered } = asked
  const { error, raw } = await sdk.call(call, params, body)
  if (error) return error.code === '' ? `the SDK fails: ${error.message}` : `refused, ${error.code}`
  if (!isAnswered) return 'taken'
  const [was, is] = [valueAt(body, path), valueAt(JSON.parse(raw || 'null'), path)]
  if (is === undefined) return 'taken, not answered'
  if (JSON.stringify(was) === JSON.stringify(is)) return 'same'
  return /^[0-9a-f-]{36}$/.test(`${is}`) ? 'answered an id of ours' : `answered \`${JSON.stringify(is)}\``
}
