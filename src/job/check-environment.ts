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
/** Numbers above 0; the launcher refuses anything else, and then it is late. */
const OWN_NUMBERS = [
  'ROPEWAY_RANK_TABLE_TIMEOUT',
  'ROPEWAY_RANK_TABLE_INTERVAL',
  'ROPEWAY_GRACE',
  'ROPEWAY_LOG_FILE_BYTES',
]
const OPEN_OWN_NAMES = new Set([...OWN_NUMBERS, 'ROPEWAY_RUN_METHOD_ARGS', 'ROPEWAY_CPU_AFFINITY'])

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
  checkNumbers(environments)
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

function checkNumbers(environments: Readonly<Record<string, string>>): void {
  for (const name of OWN_NUMBERS) {
    const value = environments[name]
    if (!value || (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0)) continue
    throw new AppError(
      'InvalidParam',
      `algorithm.environments.${name}: got ${JSON.stringify(value.slice(0, 100))}; valid: a number above 0, such as 30`,
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
