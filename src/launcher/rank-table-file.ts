// One look at a rank table on disk, and where the environment says it is.
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs'
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

/** Two writes this close may look the same to stat, so a file so young is read again. */
const YOUNG_MS = 1_000

/** What a look found; `file` is null when it is what the last look found, and was not read again. */
export type Look = { readonly stamp: Stamp | null; readonly file: TableFile | null }

/**
 * Looks once: opens the file, and reads it whole unless it is as it was at `before`. Never blocks on a FIFO and never
 * throws. The file is opened each time, because NFS asks its server then and only then: a bare stat, or a name that was not
 * there, is answered from a cache for up to a minute (nfs(5), "close-to-open").
 */
export function lookAt(path: string, before: Stamp | null = null): Look {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = errnoOf(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return { stamp: null, file: { kind: 'unreadable', code } }
    readFolder(dirname(path))
    return { stamp: null, file: { kind: 'absent' } }
  }
  try {
    const stat = fstatSync(fd, { bigint: true })
    const stamp = stampOf(stat)
    const isYoung = Math.abs(Date.now() - stamp.changedMs) < YOUNG_MS
    if (stamp.text === before?.text && !isYoung) return { stamp, file: null }
    const file = readAll(fd, stat)
    // What could not be read is tried again, though nobody touches it: the fault may have been ours, or the network's.
    return { stamp: file.kind === 'unreadable' ? null : stamp, file }
  } catch (error) {
    return { stamp: null, file: { kind: 'unreadable', code: errnoOf(error) } }
  } finally {
    closeSync(fd)
  }
}

const stampOf = ({ ino, size, mtimeNs, ctimeNs, ctimeMs, mode }: BigIntStats): Stamp => ({
  text: `${ino}/${size}/${mtimeNs}/${ctimeNs}/${mode}`,
  changedMs: Number(ctimeMs),
})

function readAll(fd: number, stat: BigIntStats): TableFile {
  if (stat.isDirectory()) return { kind: 'unreadable', code: 'EISDIR' }
  if (!stat.isFile()) return { kind: 'unreadable', code: 'NOT_A_FILE' }
  const size = Number(stat.size)
  if (size > MAX_TABLE_BYTES) return { kind: 'unreadable', code: 'TOO_LARGE', size }
  const bytes = new Uint8Array(size)
  return { kind: 'content', content: bytes.subarray(0, readSync(fd, bytes, 0, size, 0)) }
}

/** Makes NFS forget which names a folder did not have. */
function readFolder(folder: string): void {
  try {
    const dir = opendirSync(folder)
    try {
      dir.readSync()
    } finally {
      dir.closeSync()
    }
  } catch {
    // It does not exist yet either.
  }
}

/** The folder to watch: a ConfigMap changes by swapping a link in it, not by touching the file. */
export const folderOf = (path: string): string => dirname(path)
