// Logs in a folder of this machine. Whoever may write there must not be able to lead us elsewhere: every step down is
// taken from an open folder (/proc/self/fd), links are never followed, and only plain files of one name are written.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { allowedRootOf } from '../job/check-log-export.ts'
import { type LogSink, piecesOf } from '../job/log-export-objects.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
const FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW

/** Appends to one file per log below `folder`, which must be or lie below one of `allowed`. Files are 0644, folders 0755. */
export function folderLogSink(folder: string, allowed: readonly string[]): LogSink {
  return {
    async *write({ nameOf, endBytes, read }, _doneBytes, signal) {
      await using dir = await openFolder(folder, allowed)
      await using file = await openLog(dir, nameOf(0))
      const { size } = await file.stat()
      if (size > endBytes)
        throw new Error(`${nameOf(0)} has ${size} bytes there, more than the log has (${endBytes})`)
      let offset = size
      for await (const piece of piecesOf(read, size, endBytes, signal)) {
        await writeAll(file, piece, offset)
        offset += piece.length
      }
      await file.datasync()
      yield offset
    },
  }
}

/**
 * Writes bytes of a file below `folder`; offset 0 makes it anew, any other has to be its length. `name` may lead through
 * folders, which are made. Rejects with a sentence.
 */
export async function writeLogFile(
  { folder, allowed, name }: { folder: string; allowed: readonly string[]; name: string },
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  await using dir = await openFolder(`${folder}/${dirname(name)}`, allowed)
  await using file = await openLog(dir, basename(name))
  if (offset === 0) await file.truncate()
  const { size } = await file.stat()
  if (size !== offset) throw new Error(`${name} has ${size} bytes there, and not ${offset}`)
  await writeAll(file, bytes, offset)
}

/** The allowed folder itself may be reached through links: the administrator named it. It is never made. */
async function openFolder(folder: string, allowed: readonly string[]): Promise<FileHandle> {
  const root = allowedRootOf(folder, allowed)
  if (root === null) throw new Error(`${folder} is not below a folder that this installation allows for logs`)
  let dir = await open(root, O_RDONLY | O_DIRECTORY).catch((error: unknown) => {
    throw said(root, error)
  })
  const parts = (path: string) => path.split('/').filter((part) => part !== '' && part !== '.')
  for (const part of parts(folder).slice(parts(root).length)) {
    await using parent = dir
    dir = await enter(parent, part)
  }
  return dir
}

async function enter(parent: FileHandle, name: string): Promise<FileHandle> {
  const path = below(parent, name)
  try {
    await mkdir(path, 0o755).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    return await open(path, FOLDER_FLAGS)
  } catch (error) {
    throw said(name, error)
  }
}

/** A plain file with one name; a new one can be read by everybody whatever the umask says. */
async function openLog(dir: FileHandle, name: string): Promise<FileHandle> {
  const path = below(dir, name)
  const flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK
  const file = await open(path, flags | O_CREAT | O_EXCL, 0o644)
    .then(
      async (made) => {
        await made.chmod(0o644)
        return made
      },
      async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return await open(path, flags)
        throw error
      },
    )
    .catch((error: unknown) => {
      throw said(name, error)
    })
  const found = await file.stat()
  if (found.isFile() && found.nlink === 1) return file
  await file.close()
  throw new Error(`${name} there is not a plain file of its own`)
}

const below = (dir: FileHandle, name: string): string => `/proc/self/fd/${dir.fd}/${name}`

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

/** What the system said, about a name people know and not about a descriptor. */
function said(name: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException
  const why =
    code === 'ELOOP' || code === 'ENOTDIR'
      ? 'is a link or no folder, and is not followed'
      : `cannot be opened (${code ?? message})`
  return new Error(`${name} ${why}`, { cause })
}
