// One serve per data folder: an exclusive SQLite transaction that is held open on DIR/serve.lock (decisions.md 3.2).
// The kernel frees it when the process dies, however it dies. The holder's pid stands in a file of its own, because
// opening and closing serve.lock by other means would drop this process's lock (POSIX locks belong to the process).
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import { DataFolderError } from './data-folder-error.ts'

const SQLITE_BUSY = 5

/** Takes the folder, or throws DataFolderError naming the folder and, where known, the process that has it. */
export async function takeServeLock(dir: string): Promise<AsyncDisposable> {
  const database = new DatabaseSync(join(dir, 'serve.lock'), { timeout: 0 })
  try {
    database.exec('begin exclusive')
  } catch (cause) {
    database.close()
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY)
      throw new DataFolderError(`${join(dir, 'serve.lock')} cannot be locked: ${(cause as Error).message}`, {
        cause,
      })
    const pid = await readHolder(dir)
    throw new DataFolderError(
      `the data folder ${dir} is in use by another ropeway serve${pid === null ? '' : ` (process ${pid})`}: stop that one or choose another folder with --data`,
      { cause },
    )
  }
  try {
    await writeFileAtomic(join(dir, 'serve.pid'), `${process.pid}\n`, 0o600)
  } catch (error) {
    database.close()
    throw error
  }
  return {
    [Symbol.asyncDispose]: async () => {
      if (database.isOpen) database.close()
    },
  }
}

/** The pid in serve.pid when it is one of a live process: a refusal must not send people after a ghost. */
async function readHolder(dir: string): Promise<number | null> {
  const text = await readFile(join(dir, 'serve.pid'), 'utf8').catch(() => '')
  if (!/^\d{1,10}\n$/.test(text)) return null
  const pid = Number(text)
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null
  }
}
