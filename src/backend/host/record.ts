// What stands on disk about a task, read with care: a file may be absent, half written, or older than this boot.
import { readFile, readlink, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { currentBootId, isAlive } from '../process.ts'
import { TASK_FILES } from './layout.ts'
import type { HostRequest } from './plan.ts'
import { isInit } from './process.ts'

/** plan.json: the request with the names it belongs to. */
export type StoredPlan = {
  readonly jobId: string
  readonly attempt: number
  readonly task: string
  readonly request: HostRequest
}

/** started.json. */
export type Started = { readonly pid: number; readonly startTicks: number; readonly bootId: string }

/** From the lines bwrap writes: its child, and whether the child's end was reported (only once the command ran). */
export type SandboxInfo = {
  readonly initPid: number
  readonly pidNamespace: number
  readonly reported: boolean
}

/** `sealed`: stop came first, this task will never start. `torn`: a file nobody can read. */
export type StartedWord = 'sealed' | 'torn'

export type TaskRecord = {
  readonly folder: string
  readonly plan: StoredPlan | null
  readonly started: Started | StartedWord | null
  readonly sameBoot: boolean
  readonly info: SandboxInfo | null
  readonly exitCode: number | null
  readonly killed: boolean
  readonly initAlive: boolean
  readonly supervisorAlive: boolean
  readonly startedAtMs: number | null
  readonly endedAtMs: number | null
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parseObject(text: string | null): Record<string, unknown> | null {
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const mtimeMs = (path: string): Promise<number | null> =>
  stat(path).then(
    (found) => Math.round(found.mtimeMs),
    () => null,
  )

export async function readPlan(folder: string): Promise<StoredPlan | null> {
  const value = parseObject(await readText(join(folder, TASK_FILES.plan)))
  return value === null ? null : (value as StoredPlan)
}

/**
 * Takes the name of started.json if nobody has it, so that a supervisor on its way finds it taken. A link, because it
 * needs no free block: a full disk must not keep us from ending a task.
 */
export async function seal(folder: string): Promise<void> {
  try {
    await symlink('sealed', join(folder, TASK_FILES.started))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error
  }
}

/** null: no file; `torn` after a power cut only, because the file appears whole. */
export async function readStarted(folder: string): Promise<Started | StartedWord | null> {
  const path = join(folder, TASK_FILES.started)
  const text = await readText(path)
  if (text === null) {
    const target = await readlink(path).catch(() => null)
    return target === null ? null : 'sealed'
  }
  const value = parseObject(text)
  if (typeof value?.['pid'] !== 'number' || typeof value['startTicks'] !== 'number') return 'torn'
  return value as Started
}

/** bwrap's --json-status-fd writes one object per line; a line without its end is not there yet. */
export function parseInfo(text: string): SandboxInfo | null {
  const lines = text.split('\n').slice(0, -1).map(parseObject)
  const child = lines.find((line) => typeof line?.['child-pid'] === 'number')
  if (child === null || child === undefined) return null
  return {
    initPid: Number(child['child-pid']),
    pidNamespace: Number(child['pid-namespace']),
    reported: lines.some((line) => typeof line?.['exit-code'] === 'number'),
  }
}

export async function readInfo(folder: string): Promise<SandboxInfo | null> {
  return parseInfo((await readText(join(folder, TASK_FILES.info))) ?? '')
}

async function readExitCode(folder: string): Promise<number | null> {
  const code = parseObject(await readText(join(folder, TASK_FILES.exit)))?.['code']
  return typeof code === 'number' ? code : null
}

/**
 * The order carries the meaning. A supervisor seen dead has written all it will, so the exit is read after that look;
 * with an exit on disk bwrap has written its last line, so info comes after; and an exit counts only if the first
 * process is gone, so that look comes last.
 */
export async function readRecord(folder: string): Promise<TaskRecord> {
  const started = await readStarted(folder)
  const usable = typeof started === 'object' ? started : null
  const sameBoot = usable !== null && usable.bootId === currentBootId()
  const supervisorAlive = usable !== null && sameBoot && isAlive(usable.pid, usable.startTicks)
  const exitCode = usable === null ? null : await readExitCode(folder)
  const info = usable === null ? null : await readInfo(folder)
  const initAlive =
    usable !== null && info !== null && sameBoot && isInit(info.initPid, info.pidNamespace, usable.startTicks)
  return {
    folder,
    plan: await readPlan(folder),
    started,
    sameBoot,
    info,
    exitCode,
    killed: (await mtimeMs(join(folder, TASK_FILES.killed))) !== null,
    initAlive,
    supervisorAlive,
    startedAtMs: usable === null ? null : await mtimeMs(join(folder, TASK_FILES.started)),
    endedAtMs: exitCode === null ? null : await mtimeMs(join(folder, TASK_FILES.exit)),
  }
}

/** The end of what the sandbox and the launcher printed on their own account; at most `limit` characters. */
export async function logTail(folder: string, limit = 500): Promise<string> {
  const text = (await readText(join(folder, TASK_FILES.log))) ?? ''
  return text.trim().slice(-limit)
}
