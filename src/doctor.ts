// What this machine offers and what is missing: each check looks once, says one line, and never throws.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile, stat, statfs } from 'node:fs/promises'
import { request } from 'node:http'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { examineHost } from './accelerator/detect.ts'
import { hostFiles } from './accelerator/host-files.ts'
import type { DoctorFinding, DoctorTargets } from './cli/context.ts'
import { ConfigError } from './config.ts'
import { loadSite } from './wiring/site-file.ts'
import { describeSite } from './wiring/site-file-checks.ts'

type State = DoctorFinding['state']
type Answer = readonly [state: State, message: string]
type Check = (targets: DoctorTargets, signal: AbortSignal) => Promise<Answer | readonly Answer[]>

const TIMEOUT_MS = 5000
const GIB = 2 ** 30

/** Every check, in the order printed. */
const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['kernel', checkKernel],
  ['node', checkNode],
  ['bwrap', (targets) => checkProgram(targets, 'bwrap', 'bubblewrap', 'the host backend runs tasks in it')],
  [
    'tini-static',
    (targets) => checkProgram(targets, 'tini-static', 'tini', 'it is the first process of every task'),
  ],
  [
    'python3',
    (targets) => checkProgram(targets, 'python3', 'python3', 'tasks of the host backend run Python with it'),
  ],
  ['isolation', checkIsolation],
  ['cgroups', checkCgroups],
  ['devices', checkDevices],
  ['data folder', checkDataFolder],
  ['site file', checkSiteFile],
  ['api', (targets, signal) => checkEndpoint(targets.endpoint, 'GET', '/healthz', signal)],
  ['objects', (targets, signal) => checkEndpoint(targets.objectEndpoint, 'HEAD', '/?apiversion', signal)],
  ['docker', checkDocker],
]

/** Runs all checks at once and answers their findings in order. Rejects only with the signal's reason. */
export async function examine(targets: DoctorTargets, signal: AbortSignal): Promise<DoctorFinding[]> {
  const findings = CHECKS.map(async ([name, check]): Promise<DoctorFinding[]> => {
    try {
      const answer = await check(targets, signal)
      const answers = isOne(answer) ? [answer] : answer
      return answers.map(([state, message]) => ({ check: name, state, message }))
    } catch (error) {
      return [{ check: name, state: 'note', message: `cannot tell: ${reasonOf(error)}` }]
    }
  })
  const all = await Promise.all(findings)
  signal.throwIfAborted()
  return all.flat()
}

const isOne = (answer: Answer | readonly Answer[]): answer is Answer => typeof answer[0] === 'string'

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message || error.name : String(error)).split('\n')[0] ?? ''

async function checkKernel(): Promise<Answer> {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  const supported = process.platform === 'linux' && (major > 4 || (major === 4 && minor >= 18))
  return supported
    ? ['ok', `Linux ${release()} on ${process.arch}`]
    : ['missing', `${process.platform} ${release()}; needed: Linux 4.18 or newer`]
}

async function checkNode(): Promise<Answer> {
  const supported = Number(process.versions.node.split('.')[0]) >= 24
  return supported
    ? ['ok', process.versions.node]
    : ['missing', `${process.versions.node}; needed: 24 or newer`]
}

/** The program's path, looked for as a shell would. */
async function findProgram(searchPath: string, name: string): Promise<string | undefined> {
  for (const folder of searchPath.split(':').filter((entry) => entry.startsWith('/'))) {
    const path = join(folder, name)
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return path
  }
  return undefined
}

async function checkProgram(targets: DoctorTargets, name: string, apt: string, use: string): Promise<Answer> {
  const path = await findProgram(targets.searchPath, name)
  return path ? ['ok', path] : ['missing', `${use}; on Debian: apt-get install ${apt}`]
}

/** Tries what the host backend does: a process with namespaces of its own. */
async function checkIsolation({ searchPath }: DoctorTargets, signal: AbortSignal): Promise<Answer> {
  const who = process.getuid?.() === 0 ? 'root' : `user ${process.getuid?.()}`
  const bwrap = await findProgram(searchPath, 'bwrap')
  if (!bwrap) return ['note', `running as ${who}; namespaces cannot be tried without bwrap`]
  const args = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '/bin/true']
  try {
    await promisify(execFile)(bwrap, args, { signal, timeout: TIMEOUT_MS })
    return ['ok', `running as ${who}; bubblewrap can make namespaces`]
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    const advice = 'run as root, or allow user namespaces (sysctl user.max_user_namespaces)'
    return ['missing', `bubblewrap cannot make namespaces as ${who}: ${text || reasonOf(error)}; ${advice}`]
  }
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

async function checkCgroups(): Promise<Answer> {
  const own = await readFile('/proc/self/cgroup', 'utf8')
  const unified = /^0::(.*)$/m.exec(own)?.[1] ?? '/'
  const controllers = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(() => '')
  const second = controllers.includes('memory') && controllers.includes('cpu')
  const folders = second ? [join('/sys/fs/cgroup', unified)] : ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/memory']
  const writable = await Promise.all(folders.map(isWritable))
  const version = second ? 'v2' : 'v1'
  return writable.every(Boolean)
    ? ['ok', `${version}, writable: CPU and memory limits hold`]
    : ['note', `${version}, not writable: CPU and memory are booked but not limited`]
}

/** What there is, then one line for each thing a person should know or put right. */
async function checkDevices({ deviceRoot }: DoctorTargets): Promise<readonly Answer[]> {
  const facts = { id: '', address: '', cpuCores: 0, memoryBytes: 0 }
  const { found, findings } = await examineHost(hostFiles(deviceRoot), facts)
  if (found === '') return [['note', 'none; "ropeway serve --simulate 2x4" pretends to have some']]
  return [
    ['ok', found],
    ...findings.map(({ severity, text }): Answer => [severity === 'fix' ? 'missing' : 'note', text]),
  ]
}

async function checkDataFolder({ dataDir }: DoctorTargets): Promise<Answer> {
  let folder = dataDir
  while (folder !== '/' && !(await stat(folder).catch(() => null))) folder = dirname(folder)
  if (!(await stat(folder)).isDirectory())
    return ['missing', `${folder} is not a folder; choose another with --data`]
  if (!(await isWritable(folder)))
    return ['missing', `${folder} cannot be written; choose another with --data`]
  const { bavail, bsize } = await statfs(folder)
  const free = (bavail * bsize) / GIB
  const text = `${dataDir}: ${free.toFixed(1)} GiB free`
  return free >= 1 ? ['ok', text] : ['missing', `${text}; at least 1 GiB is needed`]
}

/** What the administrator's file says, or why it cannot be used, and every default and limit that holds. */
async function checkSiteFile({ siteFile, dataDir }: DoctorTargets): Promise<Answer> {
  try {
    const { site, file, warnings } = loadSite(siteFile, dataDir)
    const rules = describeSite(site)
    if (file === null) return ['note', `none (--site, or site.yaml in the data folder); ${rules}`]
    return warnings.length > 0 ? ['missing', `${warnings.join('; ')}; ${rules}`] : ['ok', `${file}: ${rules}`]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return ['missing', error.message]
  }
}

async function checkEndpoint(
  endpoint: string | null,
  method: string,
  path: string,
  signal: AbortSignal,
): Promise<Answer> {
  if (endpoint === null) return ['note', 'no server has left its address in the data folder']
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const answer = await fetch(new URL(path, endpoint), { method, signal: limit })
    await answer.body?.cancel()
    return answer.status < 500
      ? ['ok', `${endpoint} answers`]
      : ['missing', `${endpoint} answers with status ${answer.status}`]
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return ['note', `${endpoint} does not answer (${reasonOf(cause)}); start "ropeway serve"`]
  }
}

async function checkDocker({ dockerHost }: DoctorTargets, signal: AbortSignal): Promise<Answer> {
  const address = dockerHost ?? 'unix:///var/run/docker.sock'
  const url = URL.parse(address)
  const where =
    url?.protocol === 'unix:'
      ? { socketPath: url.pathname }
      : url?.protocol === 'tcp:' || url?.protocol === 'http:'
        ? { host: url.hostname, port: url.port || '2375' }
        : undefined
  if (!where)
    return ['note', `DOCKER_HOST is ${JSON.stringify(address)}; only unix:// and tcp:// are looked at`]
  try {
    const version = await ping(where, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    return ['ok', `${address} answers, API ${version}`]
  } catch (error) {
    return [
      'note',
      `${address} does not answer (${reasonOf(error)}); the docker backend needs it, the host backend does not`,
    ]
  }
}

/** Asks a Docker API whether it lives; answers its version. */
function ping(
  where: { socketPath: string } | { host: string; port: string },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ ...where, path: '/_ping', signal }, (answer) => {
      answer.resume()
      const version = answer.headers['api-version']
      if (typeof version === 'string') resolve(version)
      else reject(new Error(`status ${answer.statusCode} and no Api-Version: not a Docker API`))
    })
    asking.on('error', reject)
    asking.end()
  })
}
