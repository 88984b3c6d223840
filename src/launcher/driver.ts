// What ModelArts' launcher does with the Ascend driver of a container around the ranks: it says which one it is, starts the
// log daemon of old drivers, and runs the driver's own clean-up at the end (ascend.md §3.3, §3.8).
import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { messageOf } from './launcher-error.ts'
import type { ServiceLog } from './service-log.ts'

const DRIVER = '/usr/local/Ascend/driver'
const SLOGD = `${DRIVER}/tools/docker/slogd`
const AFTER = `${DRIVER}/tools/docker_stop_post_sys.sh`
const AFTER_MS = 10_000

/** Text of the driver's version file; empty where there is no driver. */
export function driverVersion(): string {
  try {
    return readFileSync(`${DRIVER}/version.info`, 'utf8')
  } catch {
    return ''
  }
}

/** Names the driver and starts its log daemon, if it has one (none since C76). Says nothing where there is no driver. */
export async function meetDriver(
  environment: Readonly<Record<string, string>>,
  log: ServiceLog,
): Promise<void> {
  const [first = ''] = driverVersion().split('\n')
  if (first !== '') log.info(`Ascend Driver: ${first.trim()}`)
  if (!isFile(SLOGD)) return
  log.info('Slogd startup')
  // It makes a daemon of itself; the process started here ends at once.
  await run(SLOGD, [], environment, log)
}

/** The driver's own clean-up, where it brings one. Never fails. */
export async function leaveDriver(
  environment: Readonly<Record<string, string>>,
  log: ServiceLog,
): Promise<void> {
  if (isFile(AFTER)) await run('/bin/sh', [AFTER], environment, log)
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  log: ServiceLog,
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { env, stdio: 'ignore', timeout: AFTER_MS, killSignal: 'SIGKILL' })
    child.once('error', (error) => {
      log.warning(`${[file, ...args].join(' ')} cannot be started: ${messageOf(error)}`)
      resolve()
    })
    child.once('exit', (code) => {
      if (code !== 0) log.warning(`${[file, ...args].join(' ')} ended with exit code ${code}`)
      resolve()
    })
  })
}
