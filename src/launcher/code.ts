// Code of a job: brought to <folder>/<last folder of the URL>/, and a boot file that must be in it.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import type { Moved, MoveProgress, ObjectPort } from './ports.ts'

const SHOWN = 10

export const isObjectUrl = (text: string): boolean => /^(obs|s3):\/\//i.test(text)

/** `resnet50` of `obs://bucket/x/resnet50/`. */
export const lastFolderOf = (url: string): string => url.replace(/\/+$/, '').split('/').at(-1) ?? ''

/** Downloads a code folder; returns the local one. Throws LauncherError 120 naming the URL and what is there. */
export async function fetchCode(
  objects: ObjectPort,
  url: string,
  parent: string,
  signal: AbortSignal,
  onProgress?: (progress: MoveProgress) => void,
): Promise<{ readonly dir: string; readonly moved: Moved }> {
  const dir = join(parent, lastFolderOf(url))
  const moved = await fetchFolder(objects, 'code', url, dir, signal, onProgress)
  return { dir, moved }
}

/** Downloads a folder that must not be empty; what was left out counts as there. Throws LauncherError 120. */
export async function fetchFolder(
  objects: ObjectPort,
  what: string,
  url: string,
  dir: string,
  signal: AbortSignal,
  onProgress?: (progress: MoveProgress) => void,
): Promise<Moved> {
  let moved: Moved
  try {
    makeFolder(dir)
    moved = await objects.download(url, dir, signal, onProgress)
  } catch (error) {
    signal.throwIfAborted()
    throw new LauncherError(
      LAUNCHER_EXIT.stageFailed,
      'StageFailed',
      `${what}: ${url} cannot be brought to ${dir}: ${messageOf(error)}`,
      { cause: error },
    )
  }
  if (moved.objects > 0 || moved.leftOut.length > 0) return moved
  const parent = parentOf(url)
  const near = await objects.list(parent, SHOWN, signal).catch(() => [])
  const there = near.length > 0 ? `${parent} has ${near.join(', ')}` : `${parent} is empty too`
  throw new LauncherError(
    LAUNCHER_EXIT.stageFailed,
    'StageFailed',
    `${what}: nothing is below ${url}; ${there}`,
  )
}

/** The folder above, or the bucket itself. */
function parentOf(url: string): string {
  const parent = url.replace(/\/+$/, '').replace(/[^/]*$/, '')
  return parent.endsWith('://') ? url : parent
}

/** Throws LauncherError 120 showing what the folder has when the boot file is not there. */
export function requireBootFile(path: string, codeDir: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return
  throw new LauncherError(
    LAUNCHER_EXIT.stageFailed,
    'BootFileNotFound',
    `boot file: ${path} does not exist; ${whatIsIn(codeDir)}`,
  )
}

function whatIsIn(dir: string): string {
  try {
    const names = readdirSync(dir, { withFileTypes: true })
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort()
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
    return names.length > 0 ? `${dir} has ${names.slice(0, SHOWN).join(', ')}${more}` : `${dir} is empty`
  } catch {
    return `${dir} does not exist`
  }
}
