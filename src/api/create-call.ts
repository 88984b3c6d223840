// What the calls that take a create body share: why they refuse, and a body that works.
import type { ErrorName } from './errors.ts'

export const CREATE_ERRORS = [
  'NotSupported',
  'MustHaveCmdAndImage',
  'ImageNotFound',
  'CodeDirError',
  'TooManyCodeFiles',
  'CodeFolderTooDeep',
  'CodeTooLarge',
  'BootFileError',
  'BootFileNotInCodeDir',
  'InvalidObsPath',
  'BucketNotFound',
  'OutputInUse',
  'InvalidLocalCodeDir',
  'InvalidWorkingDir',
  'AlgorithmNotFound',
  'AlgorithmNotMatch',
  'InputsOutputsError',
  'DoNotHaveDefaultValue',
  'StringParameterError',
  'ParseParameterError',
  'EngineNotFound',
  'UnsupportedFlavor',
  'ExperimentNotFound',
  'DuplicateExperimentName',
  'QuotaExceeded',
  'FlavorNotFound',
  'FlavorOutOfRange',
  'PoolNotFound',
  'DiskFull',
] as const satisfies readonly ErrorName[]

/** A custom image with code, data and results in the object store. */
export const CREATE_EXAMPLE = {
  kind: 'job',
  metadata: { name: 'digits', description: 'Handwritten digits' },
  algorithm: {
    engine: { image_url: 'harbor.example.com/team/train:1' },
    code_dir: 'obs://training-bucket/code/',
    command: 'python3 code/train.py',
    environments: { EPOCHS: '3' },
    parameters: [{ name: 'lr', value: '0.1' }],
    inputs: [{ name: 'data_url', remote: { obs: { obs_url: 'obs://training-bucket/data/' } } }],
    outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://training-bucket/model/' } } }],
  },
  spec: { resource: { flavor_id: 'ropeway.ascend-910a.4', node_count: 2 } },
}
