// What there is to upload in a folder. Only regular files, and links to regular files inside the folder: a
// link that leads out could carry anything of the machine into a bucket.
import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { MAX_KEY_BYTES } from '../object-url.ts'
import { isAbsent } from './local-error.ts'
import { TransferError } from './transfer-error.ts'
import type { Skipped, SkipReason } from './transfer-types.ts'

/** `name` is relative, with `/`; `path` is where its bytes are (links are followed). */
export type FoundFile = {
  readonly name: string
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

/** Empty folders are listed, the others follow from their files. */
export type Walk = {
  readonly files: FoundFile[]
  readonly emptyFolders: string[]
  readonly skipped: Skipped[]
}

type Found = FoundFile | { readonly reason: SkipReason } | undefined

/** Not whole yet, or left by a broken download: of a transfer (work-folder.ts), of moxing (_aside.py). */
const UNFINISHED = /^\.(ropeway-[0-9a-f]{12}-.*|moxing-[a-z0-9_]{8})$/s

/** A file that vanished since it was listed is undefined: it is not there to upload. */
async function lookAt(root: string, name: string, entry: Dirent, path: string): Promise<Found> {
  if (entry.isFile()) {
    const info = await lstat(path).catch((error: unknown) => (isAbsent(error) ? undefined : null))
    if (info === null) return { reason: 'cannot be read' }
    if (info) return { name, path, size: info.size, modifiedMs: info.mtimeMs }
    return name.includes('\ufffd') ? { reason: 'name is not UTF-8' } : undefined
  }
  if (!entry.isSymbolicLink()) return { reason: 'not a regular file' }
  const real = await realpath(path).catch(() => undefined)
  const info = real === undefined ? undefined : await stat(real).catch(() => undefined)
  if (real === undefined || !info) return { reason: 'symbolic link to nothing' }
  if (!real.startsWith(root === sep ? sep : root + sep)) return { reason: 'symbolic link out of the folder' }
  if (info.isDirectory()) return { reason: 'symbolic link to a folder' }
  return info.isFile()
    ? { name, path: real, size: info.size, modifiedMs: info.mtimeMs }
    : { reason: 'not a regular file' }
}

/**
 * Walks a folder in order of names. What cannot be looked at is left out, with all below it, and the others are found;
 * a folder among `skipped` ends with `/`. `prefix` is what keys will begin with. Throws TransferError NotAFolder, or a
 * file system error when `dir` itself cannot be read.
 */
export async function walkFolder(dir: string, prefix: string, signal?: AbortSignal): Promise<Walk> {
  const info = await stat(dir).catch(() => undefined)
  if (!info?.isDirectory()) throw new TransferError('NotAFolder', `${dir} is no folder`)
  const root = await realpath(dir)
  const walk: Walk = { files: [], emptyFolders: [], skipped: [] }
  const fits = (name: string): boolean => Buffer.byteLength(prefix + name) <= MAX_KEY_BYTES
  const visit = async (folder: string): Promise<void> => {
    signal?.throwIfAborted()
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (folder === '') throw error
      if (!isAbsent(error)) walk.skipped.push({ name: `${folder}/`, reason: 'cannot be read' })
      else if (folder.includes('\ufffd'))
        walk.skipped.push({ name: `${folder}/`, reason: 'name is not UTF-8' })
      return undefined
    })
    if (!entries) return
    if (entries.length === 0 && folder !== '' && fits(`${folder}/`)) walk.emptyFolders.push(folder)
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (UNFINISHED.test(entry.name)) continue
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        await visit(name)
        continue
      }
      const found = await lookAt(root, name, entry, join(root, name))
      if (!found) continue
      if ('reason' in found) walk.skipped.push({ name, reason: found.reason })
      else if (!fits(name)) walk.skipped.push({ name, reason: 'key longer than 1024 bytes' })
      else walk.files.push(found)
    }
  }
  await visit('')
  return walk
}
