// Decides which objects the files of a folder become, before a byte moves.
import type { Skipped } from './transfer-types.ts'
import type { FoundFile, Walk } from './walk-folder.ts'

/** A file to send; `name` is relative to the folder, `path` is where its bytes are. */
export type PlannedUpload = FoundFile & { readonly key: string }

export type UploadPlan = {
  readonly files: readonly PlannedUpload[]
  /** Empty objects that stand for empty folders. */
  readonly markers: readonly string[]
  readonly skipped: readonly Skipped[]
}

/** Plans what a walk found as objects below `prefix` (empty or ending with `/`). */
export const planUpload = ({ files, emptyFolders, skipped }: Walk, prefix: string): UploadPlan => ({
  files: files.map((file) => ({ ...file, key: prefix + file.name })),
  markers: emptyFolders.map((folder) => `${prefix}${folder}/`),
  skipped,
})
