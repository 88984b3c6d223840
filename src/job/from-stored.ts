// A job that names a stored algorithm, as if it had said all of it itself (modelarts.md §1.3.2). Pure.
import type { Flavor } from '../accelerator/flavor.ts'
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { type Algorithm, configOf } from './algorithms.ts'
import { checkValue, readConstraint } from './constraints.ts'

type Parameters = NonNullable<NonNullable<TrainingJobRequest['algorithm']>['parameters']>

/** Throws AppError AlgorithmNotMatch, InputsOutputsError, DoNotHaveDefaultValue, StringParameterError or ParamRangeError. */
export function fromStored(body: TrainingJobRequest, stored: Algorithm): TrainingJobRequest {
  const asked = body.algorithm ?? {}
  const config = configOf(stored)
  for (const field of ['code_dir', 'boot_file', 'command'] as const)
    if (asked[field] && asked[field] !== config[field])
      throw mismatch(`algorithm.${field}: got ${JSON.stringify(asked[field].slice(0, 200))}`, 'leave it out')
  if (Object.values(asked.engine ?? {}).some(Boolean))
    throw mismatch('algorithm.engine: given beside algorithm.id', 'leave it out')
  checkChannels('inputs', asked.inputs ?? [], config.inputs ?? [])
  checkChannels('outputs', asked.outputs ?? [], config.outputs ?? [])
  return {
    ...body,
    algorithm: {
      ...asked,
      id: stored.id,
      name: stored.request.metadata.name,
      code_dir: config.code_dir,
      boot_file: config.boot_file,
      command: config.command,
      engine: config.engine,
      parameters: mergeParameters(
        asked.parameters ?? [],
        config.parameters ?? [],
        config.parameters_customization === true,
      ),
      parameters_customization: config.parameters_customization ?? false,
    },
  }
}

/** The definition's, in its order, with the values of the job; then those that the job adds, where it may. */
function mergeParameters(asked: Parameters, defined: Parameters, mayAdd: boolean): Parameters {
  const added = asked.filter(({ name }) => !defined.some((one) => one.name === name))
  const [first] = added
  if (first !== undefined && !mayAdd)
    throw mismatch(
      `algorithm.parameters: got ${JSON.stringify(first.name)}`,
      defined.map(({ name }) => name).join(', ') || 'none: the algorithm has no parameters',
    )
  const merged = defined.map((definition) => {
    const field = `algorithm.parameters.${definition.name}`
    const constraint = readConstraint(definition.constraint, `${field}.constraint`)
    const given = asked.find(({ name }) => name === definition.name)?.value ?? ''
    if (given !== '' && given !== definition.value && !constraint.editable)
      throw mismatch(
        `${field}: got ${JSON.stringify(given)}`,
        `${JSON.stringify(definition.value)}: the algorithm does not let it be changed`,
      )
    const value = given === '' ? definition.value : given
    if (value === '' && constraint.required)
      throw new AppError(
        'DoNotHaveDefaultValue',
        `${field}: got no value, and there is none by default; valid: a value`,
      )
    const range = constraint.type === 'String' ? 'StringParameterError' : 'ParamRangeError'
    checkValue(value, constraint, field, { type: 'AlgorithmNotMatch', range })
    return { ...definition, value, constraint }
  })
  return [...merged, ...added]
}

/** A job gives each channel of the definition a place, and no others. */
function checkChannels(
  side: 'inputs' | 'outputs',
  asked: readonly { readonly name: string }[],
  defined: readonly { readonly name: string }[],
): void {
  const missing = defined.find(({ name }) => !asked.some((one) => one.name === name))
  if (missing !== undefined)
    throw new AppError(
      'InputsOutputsError',
      `algorithm.${side}: ${JSON.stringify(missing.name)} is missing; valid: a place for each of ${names(defined)}`,
    )
  const other = asked.find(({ name }) => !defined.some((one) => one.name === name))
  if (other !== undefined)
    throw mismatch(
      `algorithm.${side}: got ${JSON.stringify(other.name)}`,
      names(defined) || `none: the algorithm has no ${side}`,
    )
}

const names = (list: readonly { readonly name: string }[]): string =>
  list.map(({ name }) => JSON.stringify(name)).join(', ')

/** Throws AppError UnsupportedFlavor when the algorithm asks for another kind or number of devices or nodes. */
export function checkRequirements(stored: Algorithm, flavor: Flavor, nodes: number): void {
  const have = {
    flavor_type: flavor.kind,
    device_distributed_mode: flavor.devices > 1 ? 'multiple' : 'singular',
    host_distributed_mode: nodes > 1 ? 'multiple' : 'singular',
  }
  for (const { key, values, value } of stored.request.resource_requirements ?? []) {
    const allowed = values ?? value ?? []
    if (allowed.length > 0 && !allowed.includes(have[key]))
      throw new AppError(
        'UnsupportedFlavor',
        `spec.resource: is ${key} ${have[key]}; the algorithm allows ${allowed.join(', ')}`,
      )
  }
}

const mismatch = (got: string, valid: string): AppError =>
  new AppError('AlgorithmNotMatch', `${got}, which differs from the stored algorithm; valid: ${valid}`)
