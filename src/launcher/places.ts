// Folders for what ranks need, each with the fallbacks of ascend.md §2.4 and §3.7: the first that can be written.
import { accessSync, constants, statSync } from 'node:fs'
import { makeFolder } from '../lib/make-folder.ts'
import type { Environment } from './environment.ts'

/** The first folder that exists or can be made and is writable; null when none is. */
export function firstWritable(candidates: readonly (string | undefined)[]): string | null {
  // HCCL takes the first `.json` of a path for its end (ascend.md §1.13), so no folder may be called so.
  const usable = candidates.filter((path): path is string => !!path && !path.includes('.json'))
  return usable.find(isWritable) ?? null
}

function isWritable(path: string): boolean {
  try {
    makeFolder(path)
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const below = (path: string | undefined, name: string): string | undefined =>
  path ? `${path}/${name}` : undefined

/** Folder of the converted table. `run-train` prefers MA_HOME, `ranks` MA_MOUNT_PATH (decisions.md 1.10). */
export function tableFolder(environment: Environment, prefer: 'MA_HOME' | 'MA_MOUNT_PATH'): string | null {
  const other = prefer === 'MA_HOME' ? 'MA_MOUNT_PATH' : 'MA_HOME'
  const homes = [
    environment[prefer],
    environment[other],
    '/home/ma-user',
    environment['HOME'],
    '/tmp/ropeway',
  ]
  return firstWritable(homes.map((home) => below(home, 'rank_table')))
}

/** Parent of the per-device working folders. */
export function workspaceFolder(environment: Environment): string | null {
  return firstWritable([
    below(environment['MA_MOUNT_PATH'], 'workspace'),
    environment['FMK_WORKSPACE'],
    '/home/ma-user/workspace',
    below(environment['HOME'], 'workspace'),
    '/tmp/ropeway/workspace',
  ])
}

/** Folder of the per-rank logs: one the platform made, else /tmp/log. */
export function logFolder(environment: Environment): string | null {
  const given = [environment['BATCH_TASK_LOG_PATH'], below(environment['MA_MOUNT_PATH'], 'log')]
  return firstWritable([
    ...given.filter((path) => path !== undefined && isFolder(path)),
    '/tmp/log',
    '/tmp/ropeway/log',
  ])
}

/** Where code of generation 1 lands. */
export function codeFolder(environment: Environment): string | null {
  return firstWritable([
    environment['MA_JOB_DIR'],
    '/home/work/user-job-dir',
    below(environment['HOME'], 'user-job-dir'),
    '/tmp/ropeway/user-job-dir',
  ])
}
