// What stands near data that somebody looked for and did not find: most often the path has a typing error.
import type { ObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'

const SHOWN = 10

/** `obs://bucket/folder/ holds …` for the nearest folder above with something in it, or `the bucket is empty`. */
export async function whatIsThere({ bucket, key }: ObjectPath, catalog: ObjectCatalog): Promise<string> {
  for (let folder = folderAbove(key); ; folder = folderAbove(folder)) {
    const names = await catalog.listNames(bucket, folder, SHOWN)
    if (names.length > 0) return `obs://${bucket}/${folder} holds ${names.join(', ')}`
    if (folder === '') return 'the bucket is empty'
  }
}

const folderAbove = (key: string): string => key.replace(/\/+$/, '').replace(/[^/]*$/, '')
