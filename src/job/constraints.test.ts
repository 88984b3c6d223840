import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inventory2x4 } from '../../test/job-builders.ts'
import { resolveFlavor } from '../accelerator/flavor.ts'
import { algorithmRequest } from '../api/algorithm.ts'
import { AppError } from '../api/error.ts'
import { trainingJobRequest } from '../api/training-job.ts'
import type { Algorithm } from './algorithms.ts'
import { checkRange, checkValue, FREE, readConstraint } from './constraints.ts'
import { checkRequirements, fromStored } from './from-stored.ts'

const throws = (work: () => unknown, code: string, message: RegExp) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })

describe('a constraint', () => {
  const codes = { type: 'DefaultValueTypeError', range: 'DefaultValueIsNotInRange' } as const
  const CASES: [type: string, range: string[], value: string, code: string | null][] = [
    ['Integer', [], '7', null],
    ['Integer', [], '-7', null],
    ['Integer', [], '7.5', codes.type],
    ['Integer', ['1', '9'], '9', null],
    ['Integer', ['1', '9'], '10', codes.range],
    ['Integer', ['1', ''], '10', null],
    ['Integer', ['8', '16', '32'], '16', null],
    ['Integer', ['8', '16', '32'], '17', codes.range],
    ['Float', ['0', '1'], '1e-3', null],
    ['Float', ['0', '1'], '1.01', codes.range],
    ['Float', [], 'fast', codes.type],
    ['Boolean', [], 'True', null],
    ['Boolean', [], 'yes', codes.type],
    ['String', ['adam', 'sgd'], 'sgd', null],
    ['String', ['adam', 'sgd'], 'SGD', codes.range],
    ['String', ['adam', 'sgd'], '', null],
  ]
  for (const [type, valid_range, value, code] of CASES)
    it(`of type ${type} within [${valid_range}] ${code === null ? 'lets' : 'refuses'} ${JSON.stringify(value)}`, () => {
      const work = () => checkValue(value, { ...readConstraint({ type, valid_range }, 'c') }, 'p', codes)
      if (code === null) work()
      else throws(work, code, /p: got/)
    })

  it('says nothing when nothing is said, and refuses types and ranges that nobody can mean', () => {
    assert.deepEqual(readConstraint(null, 'c'), FREE)
    throws(() => readConstraint({ type: 'Complex' }, 'c'), 'ParseParameterError', /c\.type: got "Complex"/)
    const numbers = { ...FREE, type: 'Integer' } as const
    throws(() => checkRange({ ...numbers, valid_range: ['9', '1'] }, 'c'), 'RangeError', /9 to 1/)
    throws(() => checkRange({ ...numbers, valid_range: ['few'] }, 'c'), 'RangeError', /"few"/)
  })
})

const stored = (config: object, requirements: object[] = []): Algorithm => ({
  ...{ id: 'a1', projectId: 'p', workspaceId: '0', userName: 'u', createTimeMs: 0, updateTimeMs: 0 },
  request: algorithmRequest.parse({
    metadata: { name: 'resnet' },
    job_config: { engine: { image_url: 'host' }, command: 'train', ...config },
    resource_requirements: requirements,
  }),
  codeTree: null,
  codeBytes: 0,
})
const body = (algorithm: object) =>
  trainingJobRequest.parse({ metadata: { name: 'j' }, algorithm: { id: 'a1', ...algorithm } })

describe('a job from a stored algorithm', () => {
  const parameters = [
    { name: 'lr', value: '0.1', constraint: { type: 'Float', valid_range: ['0', '1'], required: true } },
    { name: 'mode', value: 'fast', constraint: { editable: false } },
  ]
  const place = { remote: { obs: { obs_url: 'obs://b/x/' } } }

  it('runs what the algorithm says, with its own values', () => {
    const { algorithm } = fromStored(
      body({ parameters: [{ name: 'lr', value: '0.5' }], engine: {}, command: '' }),
      stored({ parameters }),
    )
    assert.deepEqual(
      [algorithm?.name, algorithm?.command, algorithm?.engine?.image_url],
      ['resnet', 'train', 'host'],
    )
    assert.deepEqual(
      algorithm?.parameters?.map(({ name, value }) => `${name}=${value}`),
      ['lr=0.5', 'mode=fast'],
    )
  })

  const REFUSED: [title: string, config: object, algorithm: object, code: string, message: RegExp][] = [
    [
      'a value out of range',
      { parameters },
      { parameters: [{ name: 'lr', value: '2' }] },
      'ParamRangeError',
      /0 to 1/,
    ],
    [
      'a value of another type',
      { parameters },
      { parameters: [{ name: 'lr', value: 'x' }] },
      'AlgorithmNotMatch',
      /a number/,
    ],
    [
      'a value that is fixed',
      { parameters },
      { parameters: [{ name: 'mode', value: 'slow' }] },
      'AlgorithmNotMatch',
      /"fast"/,
    ],
    [
      'a parameter of its own',
      { parameters },
      { parameters: [{ name: 'new', value: '1' }] },
      'AlgorithmNotMatch',
      /lr, mode/,
    ],
    [
      'no value where one is needed',
      { parameters: [{ name: 'lr', constraint: { required: true } }] },
      {},
      'DoNotHaveDefaultValue',
      /lr/,
    ],
    ['no place for an input', { inputs: [{ name: 'data' }] }, {}, 'InputsOutputsError', /"data" is missing/],
    ['an output of its own', {}, { outputs: [{ name: 'out', ...place }] }, 'AlgorithmNotMatch', /"out"/],
    ['another command', {}, { command: 'other' }, 'AlgorithmNotMatch', /command/],
    ['an engine', {}, { engine: { image_url: 'x' } }, 'AlgorithmNotMatch', /engine/],
  ]
  for (const [title, config, algorithm, code, message] of REFUSED)
    it(`is refused with ${title}`, () =>
      throws(() => fromStored(body(algorithm), stored(config)), code, message))

  it('may add parameters where the algorithm says so, and gives its inputs places', () => {
    const config = { parameters, parameters_customization: true, inputs: [{ name: 'data' }] }
    const { algorithm } = fromStored(
      body({ parameters: [{ name: 'new', value: '1' }], inputs: [{ name: 'data', ...place }] }),
      stored(config),
    )
    assert.deepEqual(
      algorithm?.parameters?.map(({ name }) => name),
      ['lr', 'mode', 'new'],
    )
  })

  it('needs the devices and nodes that the algorithm allows', () => {
    const flavor = resolveFlavor(inventory2x4, 'ropeway.ascend-910a.4')!
    const needs = (key: string, ...values: string[]) => stored({}, [{ key, values, operator: 'in' }])
    checkRequirements(needs('flavor_type', 'GPU', 'Ascend'), flavor, 1)
    checkRequirements(needs('device_distributed_mode', 'multiple'), flavor, 1)
    throws(
      () => checkRequirements(needs('flavor_type', 'CPU'), flavor, 1),
      'UnsupportedFlavor',
      /Ascend.*CPU/,
    )
    throws(
      () => checkRequirements(needs('host_distributed_mode', 'singular'), flavor, 2),
      'UnsupportedFlavor',
      /multiple/,
    )
  })
})
