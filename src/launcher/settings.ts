// What people steer the launcher with. A value that cannot be meant is refused before anything starts: a default in its
// place would be noticed hours later.
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import type { Environment } from './environment.ts'
import { LauncherError } from './launcher-error.ts'

/** How long programs have between SIGTERM and SIGKILL. Throws LauncherError 2. */
export const graceMsOf = (environment: Environment): number =>
  seconds(environment, 'ROPEWAY_GRACE', 15) * 1000

/** How long a rank table is waited for. Throws LauncherError 2. */
export const tableTimeoutS = (environment: Environment): number =>
  seconds(environment, 'ROPEWAY_RANK_TABLE_TIMEOUT', 1800)

/** How often a line says what a rank table lacks. Throws LauncherError 2. */
export const tableIntervalMs = (environment: Environment): number =>
  seconds(environment, 'ROPEWAY_RANK_TABLE_INTERVAL', 30) * 1000

/** ModelArts' own pipe stops writing here, without a word (modelarts.md §3.4). */
const FILE_BYTES = 1 << 30

/** Size at which a log file begins anew. Throws LauncherError 2. */
export function logFileBytes(environment: Environment): number {
  const name = 'ROPEWAY_LOG_FILE_BYTES'
  return number(environment, name, FILE_BYTES, Number.isSafeInteger, 'a number of bytes, such as 1073741824')
}

const seconds = (environment: Environment, name: string, usual: number): number =>
  number(environment, name, usual, Number.isFinite, 'a number of seconds above 0, such as 30')

function number(
  environment: Environment,
  name: string,
  usual: number,
  fits: (value: number) => boolean,
  valid: string,
): number {
  const text = environment[name]
  if (text === undefined || text === '') return usual
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (fits(value) && value > 0) return value
  throw new LauncherError(
    LAUNCHER_EXIT.usage,
    'Usage',
    `${name}: got ${JSON.stringify(text.slice(0, 100))}; valid: ${valid}`,
  )
}
