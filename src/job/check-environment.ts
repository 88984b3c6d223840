// The user's environment variables: which are refused, and which are secret. Pure.
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { ANNOTATION } from './annotations.ts'

/** `MA_*` belongs to the platform (modelarts.md §3.6), except what the documents tell users to set. */
const OPEN_MA_NAMES = new Set([
  'MA_RUN_METHOD',
  'MA_SCRIPT_INTERPRETER',
  'MA_DETECT_TRAIN_INJECT_CODE',
  'MA_DIAG_MODE_ENV',
  'MA_RUN_MODE_ENV',
  'MA_ALGORITHM_OPERATOR',
  'MA_PIP_URL',
  'MA_PIP_HOST',
])
const OPEN_OWN_NAMES = new Set([
  'ROPEWAY_RANK_TABLE_TIMEOUT',
  'ROPEWAY_GRACE',
  'ROPEWAY_RUN_METHOD_ARGS',
  'ROPEWAY_CPU_AFFINITY',
  'ROPEWAY_LOG_FILE_BYTES',
])

/** Values of variables marked secret. Throws AppError for names the platform owns. */
export function checkEnvironment(body: TrainingJobRequest): Record<string, string> {
  const environments = body.algorithm?.environments ?? {}
  for (const name of Object.keys(environments)) {
    const field = `algorithm.environments.${name}`
    if (name.startsWith('MA_') && !OPEN_MA_NAMES.has(name)) {
      throw new AppError(
        'InvalidParam',
        `${field}: names beginning with MA_ belong to the platform; valid: another name, or one of ${[...OPEN_MA_NAMES].join(', ')}`,
      )
    }
    if (name.startsWith('ROPEWAY_') && !OPEN_OWN_NAMES.has(name)) {
      throw new AppError(
        'InvalidParam',
        `${field}: names beginning with ROPEWAY_ belong to the platform; valid: another name, or one of ${[...OPEN_OWN_NAMES].join(', ')}`,
      )
    }
  }
  checkTableDir(environments['RANK_TABLE_FILE'])
  return secretsOf(body, environments)
}

function checkTableDir(value: string | undefined): void {
  if (!value) return
  if (!value.startsWith('/') || value.split('/').includes('..')) {
    throw new AppError(
      'InvalidParam',
      `algorithm.environments.RANK_TABLE_FILE: got ${JSON.stringify(value)}; valid: an absolute folder, /user/config is advised`,
    )
  }
}

function secretsOf(
  body: TrainingJobRequest,
  environments: Readonly<Record<string, string>>,
): Record<string, string> {
  const marked = (body.metadata.annotations?.[ANNOTATION.secretEnvironment] ?? '')
    .split(',')
    .map((name) => name.trim())
  const secrets: Record<string, string> = {}
  for (const name of marked.filter((text) => text !== '')) {
    const value = environments[name]
    if (value === undefined) {
      const valid = Object.keys(environments).join(', ') || 'none is set'
      throw new AppError(
        'InvalidParam',
        `metadata.annotations["${ANNOTATION.secretEnvironment}"]: got ${JSON.stringify(name)}; valid: names of algorithm.environments (${valid})`,
      )
    }
    secrets[name] = value
  }
  return secrets
}
