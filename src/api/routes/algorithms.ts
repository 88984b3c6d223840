// Stored algorithms (modelarts.md §1.2 row 21).
import { algorithmBody, algorithmList, algorithmQuery, algorithmRequest } from '../algorithm.ts'
import type { ErrorName } from '../errors.ts'
import type { Route } from '../route.ts'

/** Why a definition is refused. */
const ALGORITHM_ERRORS = [
  'DuplicateAlgorithmName',
  'MustHaveCmdAndImage',
  'EngineNotFound',
  'UnsupportedRemoteType',
  'ParameterKeyRepeat',
  'ParseParameterError',
  'RangeError',
  'DefaultValueTypeError',
  'DefaultValueIsNotInRange',
  'InvalidObsPath',
  'BucketNotFound',
  'CodeDirError',
  'TooManyCodeFiles',
  'CodeFolderTooDeep',
  'CodeTooLarge',
  'BootFileError',
  'BootFileNotInCodeDir',
] as const satisfies readonly ErrorName[]

const ALGORITHM_EXAMPLE = {
  metadata: { name: 'digits', description: 'Handwritten digits' },
  job_config: {
    code_dir: 'obs://training-bucket/code/',
    command: 'python3 code/train.py',
    engine: { image_url: 'harbor.example.com/team/train:1' },
    parameters: [
      { name: 'lr', value: '0.1', constraint: { type: 'Float', required: true, valid_range: ['0', '1'] } },
    ],
    inputs: [{ name: 'data_url', description: 'Images and labels' }],
    outputs: [{ name: 'train_url', description: 'The model' }],
  },
  resource_requirements: [{ key: 'flavor_type', values: ['Ascend'], operator: 'in' }],
}

const ALGORITHMS = '/v2/:project/algorithms'

export const ALGORITHM_ROUTES = {
  createAlgorithm: {
    method: 'POST',
    path: ALGORITHMS,
    success: 201,
    summary: 'Stores an algorithm.',
    partly: 'constraints on data sets and `advanced_config` are stored only',
    permission: 'modelarts:aiAlgorithm:create',
    role: 'user',
    body: algorithmRequest,
    answer: algorithmBody,
    errors: ALGORITHM_ERRORS,
    example: { body: ALGORITHM_EXAMPLE },
  },
  listAlgorithms: {
    method: 'GET',
    path: ALGORITHMS,
    success: 200,
    summary: 'Lists stored algorithms.',
    permission: 'modelarts:aiAlgorithm:list',
    role: 'viewer',
    query: algorithmQuery,
    answer: algorithmList,
    example: { query: { searches: 'name:digits', limit: 10 } },
  },
  showAlgorithm: {
    method: 'GET',
    path: `${ALGORITHMS}/:algorithm`,
    success: 200,
    summary: 'Shows a stored algorithm.',
    permission: 'modelarts:aiAlgorithm:get',
    role: 'viewer',
    answer: algorithmBody,
  },
  changeAlgorithm: {
    method: 'PUT',
    path: `${ALGORITHMS}/:algorithm`,
    success: 200,
    summary: 'Replaces a stored algorithm; jobs made from it stay as they are.',
    partly: 'as the call that stores one',
    permission: 'modelarts:aiAlgorithm:update',
    role: 'user',
    body: algorithmRequest,
    answer: algorithmBody,
    errors: ALGORITHM_ERRORS,
    example: { body: { ...ALGORITHM_EXAMPLE, metadata: { name: 'digits-2' } } },
  },
  deleteAlgorithm: {
    method: 'DELETE',
    path: `${ALGORITHMS}/:algorithm`,
    success: 202,
    summary: 'Deletes a stored algorithm; jobs made from it stay as they are.',
    permission: 'modelarts:aiAlgorithm:delete',
    role: 'user',
  },
} as const satisfies Record<string, Route>
