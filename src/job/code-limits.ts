// How much code a job may bring (modelarts.md §3.5 step 2): whoever names the data folder as code learns it at once and
// not after an hour in the queue. Pure.
import { AppError } from '../api/error.ts'
import { sizeText } from '../lib/size.ts'
import type { ListedObject } from './ports.ts'

export type CodeLimits = {
  readonly maxBytes: number
  readonly maxFiles: number
  /** Folders inside one another. */
  readonly maxDepth: number
}

/** `objects` are the folder's, up to one more than `maxFiles`. Throws AppError TooManyCodeFiles, CodeFolderTooDeep or CodeTooLarge. */
export function checkCodeLimits(
  field: string,
  folder: string,
  objects: readonly ListedObject[],
  { maxBytes, maxFiles, maxDepth }: CodeLimits,
): void {
  if (objects.length > maxFiles)
    throw new AppError(
      'TooManyCodeFiles',
      `${field}: ${folder} holds more than ${maxFiles} objects; valid: at most ${maxFiles}; data belongs into an input`,
    )
  const deepest = objects.find(({ key }) => depthOf(key) > maxDepth)
  if (deepest !== undefined)
    throw new AppError(
      'CodeFolderTooDeep',
      `${field}: ${JSON.stringify(deepest.key.slice(0, 200))} lies ${depthOf(deepest.key)} folders below ${folder}; valid: at most ${maxDepth}`,
    )
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0)
  if (bytes > maxBytes)
    throw new AppError(
      'CodeTooLarge',
      `${field}: ${folder} holds ${sizeText(bytes)}; valid: at most ${sizeText(maxBytes)}; data belongs into an input`,
    )
}

const depthOf = (key: string): number => key.replace(/\/+$/, '').split('/').length - 1
