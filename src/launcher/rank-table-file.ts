// One look at a rank table on disk, and where the environment says it is.
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { MAX_TABLE_BYTES } from '../accelerator/rank-table/parse.ts'
import type { TableFile } from '../accelerator/rank-table/readiness.ts'
import type { Environment } from './environment.ts'
import { errnoOf } from './launcher-error.ts'

export const TABLE_NAME = 'jobstart_hccl.json'
export const DEFAULT_TABLE_DIR = '/user/config'
/** Where MindCluster mounts its table (ascend.md §2.4). */
const MINDCLUSTER_DIR = '/user/serverid/devindex/config'
const MINDCLUSTER_NAME = 'hccl.json'

/** The file to wait for: the variable may name a folder, a folder with a slash, or the file (ascend.md §0.7, §2.4). */
export function tablePath(environment: Environment): { readonly path: string; readonly isSet: boolean } {
  const direct = environment['RANK_TABLE_FILE_V_1_0']
  if (direct) return { path: direct, isSet: true }
  const named = environment['RANK_TABLE_FILE']
  if (!named) {
    const mounted = statSync(MINDCLUSTER_DIR, { throwIfNoEntry: false })?.isDirectory() === true
    return mounted
      ? { path: join(MINDCLUSTER_DIR, MINDCLUSTER_NAME), isSet: true }
      : { path: join(DEFAULT_TABLE_DIR, TABLE_NAME), isSet: false }
  }
  const isFile =
    basename(named).endsWith('.json') || statSync(named, { throwIfNoEntry: false })?.isFile() === true
  const name = resolve(named) === MINDCLUSTER_DIR ? MINDCLUSTER_NAME : TABLE_NAME
  return { path: isFile ? named : join(named, name), isSet: true }
}

/** What tells one state of a file from another, as far as stat can tell. */
export type Stamp = { readonly text: string; readonly changedMs: number }

/** A cheap look; null when the file is not there. */
export function stampOf(path: string): Stamp | null {
  try {
    const stat = statSync(path, { bigint: true })
    return {
      text: `${stat.ino}/${stat.size}/${stat.mtimeNs}/${stat.ctimeNs}/${stat.mode}`,
      changedMs: Number(stat.ctimeMs),
    }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR'
      ? null
      : { text: errnoOf(error), changedMs: 0 }
  }
}

/** Reads it whole. Never blocks on a FIFO and never throws. */
export function lookAt(path: string): TableFile {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = errnoOf(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'unreadable', code }
  }
  try {
    const stat = fstatSync(fd)
    if (stat.isDirectory()) return { kind: 'unreadable', code: 'EISDIR' }
    if (!stat.isFile()) return { kind: 'unreadable', code: 'NOT_A_FILE' }
    if (stat.size > MAX_TABLE_BYTES) return { kind: 'unreadable', code: 'TOO_LARGE' }
    const bytes = new Uint8Array(stat.size)
    return { kind: 'content', content: bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)) }
  } catch (error) {
    return { kind: 'unreadable', code: errnoOf(error) }
  } finally {
    closeSync(fd)
  }
}

/** The folder to watch: a ConfigMap changes by swapping a link in it, not by touching the file. */
export const folderOf = (path: string): string => dirname(path)
