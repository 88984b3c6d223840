// Constraints on parameters: type, range, editable, required (modelarts.md §1.3.2). Pure.
// The documents name the types and `valid_range`, and show `valid_type` "None" only: two values of a number are taken as
// the least and the greatest, every other list as the values there are.
import { AppError } from '../api/error.ts'
import type { ErrorName } from '../api/errors.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'

export const PARAMETER_TYPES = ['String', 'Integer', 'Float', 'Boolean'] as const
type ParameterType = (typeof PARAMETER_TYPES)[number]

export type Constraint = {
  readonly type: ParameterType
  readonly editable: boolean
  readonly required: boolean
  readonly sensitive: boolean
  readonly valid_type: string
  readonly valid_range: readonly string[]
}

/** Of a parameter that nobody constrained; ModelArts fills every answer in like this. */
export const FREE: Constraint = {
  type: 'String',
  editable: true,
  required: false,
  sensitive: false,
  valid_type: 'None',
  valid_range: [],
}

/** Completes a constraint of a body. Throws AppError ParseParameterError for one that cannot be meant. */
export function readConstraint(given: object | null | undefined, field: string): Constraint {
  const { type, editable, required, sensitive, valid_type, valid_range } = (given ?? {}) as Partial<
    Record<keyof Constraint, unknown>
  >
  const found = type ? PARAMETER_TYPES.find((one) => one === type) : FREE.type
  if (found === undefined)
    throw new AppError(
      'ParseParameterError',
      `${field}.type: got ${JSON.stringify(type)}; valid: ${PARAMETER_TYPES.join(', ')}`,
    )
  return {
    type: found,
    editable: editable !== false,
    required: required === true,
    sensitive: sensitive === true,
    valid_type: typeof valid_type === 'string' && valid_type !== '' ? valid_type : FREE.valid_type,
    valid_range: Array.isArray(valid_range) ? valid_range.map(String) : [],
  }
}

/** Throws AppError RangeError for a range that no value can be in. */
export function checkRange({ type, valid_range: range }: Constraint, field: string): void {
  const isNumber = type === 'Integer' || type === 'Float'
  const wrong = range.find((value) => value !== '' && !isOfType(type, value))
  if (wrong !== undefined)
    throw new AppError(
      'RangeError',
      `${field}.valid_range: got ${JSON.stringify(wrong)}; valid: ${TYPE_WORDS[type]}`,
    )
  const [least = '', greatest = ''] = range
  const isBackwards = least !== '' && greatest !== '' && Number(least) > Number(greatest)
  if (isNumber && range.length === 2 && isBackwards)
    throw new AppError(
      'RangeError',
      `${field}.valid_range: got ${least} to ${greatest}; valid: the least first`,
    )
}

/** The errors of a wrong type and of a value out of range: others at the definition than when a job is made. */
export type ValueErrors = { readonly type: ErrorName; readonly range: ErrorName }

/** Throws AppError for a value that its constraint does not allow; an empty one is no value. */
export function checkValue(value: string, constraint: Constraint, field: string, errors: ValueErrors): void {
  if (value === '') return
  const { type, valid_range: range } = constraint
  if (!isOfType(type, value))
    throw new AppError(errors.type, `${field}: got ${JSON.stringify(value)}; valid: ${TYPE_WORDS[type]}`)
  if (range.length === 0 || isWithin(type, value, range)) return
  const [least, greatest] = range
  const isSpan = (type === 'Integer' || type === 'Float') && range.length === 2
  const words = isSpan ? `${least || '-∞'} to ${greatest || '∞'}` : range.join(', ')
  throw new AppError(errors.range, `${field}: got ${JSON.stringify(value)}; valid: ${words}`)
}

function isWithin(type: ParameterType, value: string, range: readonly string[]): boolean {
  if (type === 'String' || type === 'Boolean') return range.includes(value)
  if (range.length !== 2) return range.some((one) => Number(one) === Number(value))
  const [least = '', greatest = ''] = range
  return (
    (least === '' || Number(value) >= Number(least)) && (greatest === '' || Number(value) <= Number(greatest))
  )
}

const TYPE_WORDS: Readonly<Record<ParameterType, string>> = {
  String: 'any text',
  Integer: 'a whole number',
  Float: 'a number',
  Boolean: 'true or false',
}

function isOfType(type: ParameterType, value: string): boolean {
  switch (type) {
    case 'String':
      return true
    case 'Integer':
      return /^[+-]?\d{1,18}$/.test(value)
    case 'Float':
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)
    case 'Boolean':
      return /^(true|false)$/i.test(value)
  }
}

type Parameters = NonNullable<TrainingJobRequest['algorithm']>['parameters']

/** Parameters of a job with their constraints completed. Throws AppError for a value that its constraint does not allow. */
export const checkedParameters = (parameters: Parameters): Parameters =>
  parameters?.map((parameter) => {
    if (!parameter.constraint) return parameter
    const field = `algorithm.parameters.${parameter.name}`
    const constraint = readConstraint(parameter.constraint, `${field}.constraint`)
    checkValue(parameter.value, constraint, `${field}.value`, {
      type: 'ParamTypeError',
      range: constraint.type === 'String' ? 'StringParameterError' : 'ParamRangeError',
    })
    return { ...parameter, constraint }
  })
