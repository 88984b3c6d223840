// Keeps jobstart_hccl.json as the server has it: pushed by long poll, so nobody waits for a file to travel.
import { join } from 'node:path'
import type { RankTableResponse } from '../api/task.ts'
import { LAUNCHER_EXIT, TASK_ROUTES } from '../api/task-constants.ts'
import { sleep } from '../lib/abort.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { errnoOf, LauncherError, messageOf } from './launcher-error.ts'
import { TABLE_NAME } from './rank-table-file.ts'
import type { TaskClient } from './task-client.ts'
import { replaceFile } from './write-file.ts'

const WAIT_S = 25
const LONGEST_PAUSE_MS = 2_000

/** Makes the folder. Throws LauncherError naming the folder and the uid that may not. */
export function makeTableFolder(dir: string): void {
  try {
    makeFolder(dir)
  } catch (error) {
    throw folderError(dir, error)
  }
}

export type KeepOptions = {
  readonly client: TaskClient
  readonly dir: string
  /** Called after each table stands on disk; of one version it may be another text. */
  readonly onTable: (table: RankTableResponse) => void
}

/**
 * Writes each new table until `signal` aborts; a server that is away is asked again.
 * Throws LauncherError when the folder does not take the file.
 */
export async function keepRankTable(
  { client, dir, onTable }: KeepOptions,
  signal: AbortSignal,
): Promise<void> {
  let version = 0
  let text = ''
  let pauseMs = 50
  while (!signal.aborted) {
    const table = await askTable(client, version, signal)
    if (table === null) {
      await sleep(pauseMs, signal).catch(() => undefined)
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
      continue
    }
    pauseMs = 50
    // While it is not complete, an answer after the wait may know of more tasks, under the same version.
    if (table.version < version || table.version === 0 || table.text === text) continue
    version = table.version
    text = table.text
    try {
      replaceFile(join(dir, TABLE_NAME), table.text)
    } catch (error) {
      throw folderError(dir, error)
    }
    onTable(table)
  }
}

async function askTable(
  client: TaskClient,
  version: number,
  signal: AbortSignal,
): Promise<RankTableResponse | null> {
  const path = `${TASK_ROUTES.rankTable}?version=${version}&wait_s=${WAIT_S}`
  try {
    const reply = await client.ask({ method: 'GET', path, timeoutMs: (WAIT_S + 15) * 1000, signal })
    return reply.status === 200 ? (JSON.parse(reply.body.toString()) as RankTableResponse) : null
  } catch {
    return null
  }
}

function folderError(dir: string, error: unknown): LauncherError {
  const uid = process.getuid?.() ?? -1
  const why = errnoOf(error) || messageOf(error)
  return new LauncherError(
    LAUNCHER_EXIT.stageFailed,
    'RankTableFolderNotWritable',
    `RANK_TABLE_FILE: the folder ${dir} cannot be written by uid ${uid} (${why}); valid: a folder this user may create and write, /user/config for one`,
  )
}
