// Tags of jobs: pairs of key and value that people group jobs by (modelarts.md §1.6, #23). Pure.
import { AppError } from '../api/error.ts'

export type Tag = { readonly key: string; readonly value: string }
/** Values of one key are OR-ed, none means any value; keys are AND-ed. */
export type TagFilter = { readonly key: string; readonly values: readonly string[] }

/** Most tags of one job. */
export const MAX_TAGS = 20

/** Throws AppError InvalidParam for keys or values that stand twice, and for an empty key. */
export function checkTagFilters(
  filters: readonly { key: string; values?: readonly string[] | null | undefined }[],
): TagFilter[] {
  checkDistinct(
    filters.map(({ key }) => key),
    'tags',
  )
  return filters.map(({ key, values }, index) => {
    if (key === '') throw new AppError('InvalidParam', `tags[${index}].key: got ""; valid: the key of a tag`)
    const given = (values ?? []).filter((value) => value !== '')
    checkDistinct(given, `tags[${index}].values`)
    return { key, values: given }
  })
}

/** Throws AppError InvalidParam for a key that stands twice. */
export const checkTags = (tags: readonly Tag[]): void =>
  checkDistinct(
    tags.map(({ key }) => key),
    'tags',
  )

function checkDistinct(names: readonly string[], field: string): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined)
    throw new AppError(
      'InvalidParam',
      `${field}: got ${JSON.stringify(repeated.slice(0, 128))} twice; valid: each once`,
    )
}

/** Which tagged jobs are looked for. */
export type TagQuery = {
  readonly workspaceId: string
  /** true: only jobs without a tag; `filters` is empty then. */
  readonly untagged: boolean
  readonly filters: readonly TagFilter[]
  /** Part of the name; empty: any. */
  readonly name: string
  readonly offset: number
  readonly limit: number
}

export type TaggedJob = {
  readonly id: string
  readonly name: string
  readonly workspaceId: string
  readonly tags: readonly Tag[]
}

export interface TagStore {
  /** By key. */
  list(jobId: string): Promise<Tag[]>
  /** Adds tags and replaces values of keys that are there. Throws AppError InvalidParam past MAX_TAGS. */
  put(jobId: string, tags: readonly Tag[]): Promise<Tag[]>
  remove(jobId: string, keys: readonly string[]): Promise<void>
  /** All keys of the project with their values; `offset` and `limit` count keys. */
  listOfProject(
    projectId: string,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ key: string; values: string[] }[]>
  /** Newest first. `total` stops at 10,000 where more jobs have the tags, no tag, or the part of a name. */
  search(projectId: string, query: TagQuery): Promise<{ total: number; items: TaggedJob[] }>
}
