// What a crash can leave: body files whose row was never committed or is gone, and uploads nobody finished.
import type { BodyFiles } from './body-files.ts'
import type { ObjectIndex } from './object-index.ts'

/** Aborts uploads begun before `uploadsBeforeMs` and removes body files no row names. Only before the store opens. */
export async function sweep(index: ObjectIndex, files: BodyFiles, uploadsBeforeMs: number): Promise<void> {
  index.db.exec('begin immediate')
  for (const upload of index.uploadsBefore(uploadsBeforeMs)) index.removeUpload(upload.id)
  index.db.exec('commit')
  const referenced = new Set(index.referencedFiles())
  for await (const file of files.list()) if (!referenced.has(file)) await files.remove([file])
  await files.removeEmptyFolders()
}
