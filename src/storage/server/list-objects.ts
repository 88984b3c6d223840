// Lists keys page by page, folding those that share a piece up to the delimiter into one prefix.
// Jumps over a folded prefix instead of reading its keys.
import type { ObjectIndex } from './object-index.ts'
import type { ObjectSummary } from './object-row.ts'

export type ListInput = {
  readonly bucket: string
  readonly prefix?: string
  readonly delimiter?: string
  /** Only keys behind this one. */
  readonly after?: string
  /** `next` of the page before; wins over `after`. */
  readonly token?: string
  /** Objects and prefixes together; 1000 when absent. */
  readonly limit?: number
}

/** One page, each list in order of UTF-8 bytes. `next` is there when something follows; `last` is what came last. */
export type ListPage = {
  readonly objects: readonly ObjectSummary[]
  readonly prefixes: readonly string[]
  readonly next?: string
  readonly last?: string
}

const FIRST_BATCH = 64
const GROWTH = 8
const MAX_BATCH = 1000

/** The smallest string that sorts behind everything beginning with `prefix`; undefined when there is none. */
export function successor(prefix: string): string | undefined {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue
    // There are no characters from U+D800 to U+DFFF.
    const next = last === 0xd7ff ? 0xe000 : last + 1
    return String.fromCodePoint(...points, next)
  }
  return undefined
}

type Position = { readonly from: string; readonly inclusive: boolean }

const afterKey = (key: string): Position => ({ from: key, inclusive: false })

function afterPrefix(prefix: string): Position | undefined {
  const from = successor(prefix)
  return from === undefined ? undefined : { from, inclusive: true }
}

function foldedPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' || !key.startsWith(prefix) ? -1 : key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

function startOf(input: ListInput, prefix: string, delimiter: string): Position | undefined {
  const { token, after } = input
  if (token !== undefined)
    return token.startsWith('p') ? afterPrefix(token.slice(1)) : afterKey(token.slice(1))
  if (after === undefined || Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0)
    return { from: prefix, inclusive: true }
  // A list-v1 client continues with the last prefix it saw as marker: its keys are done.
  return foldedPrefix(after, prefix, delimiter) === after ? afterPrefix(after) : afterKey(after)
}

/** One page of a bucket. The bucket's existence is the caller's question. */
export function listObjects(index: ObjectIndex, input: ListInput): ListPage {
  const { bucket, prefix = '', delimiter = '', limit = 1000 } = input
  const below = prefix === '' ? undefined : successor(prefix)
  const objects: ObjectSummary[] = []
  const prefixes: string[] = []
  let last: string | undefined
  let token: string | undefined
  let position = startOf(input, prefix, delimiter)
  let batch = FIRST_BATCH
  while (position && limit > 0) {
    const rows = index.scan(bucket, position.from, position.inclusive, below, batch)
    let jumped = false
    for (const row of rows) {
      const folded = foldedPrefix(row.key, prefix, delimiter)
      if (objects.length + prefixes.length === limit)
        return { objects, prefixes, ...(token && last ? { next: token, last } : {}) }
      if (folded !== undefined) {
        prefixes.push(folded)
        last = folded
        token = `p${folded}`
        position = afterPrefix(folded)
        jumped = true
        break
      }
      objects.push(row)
      last = row.key
      token = `k${row.key}`
      position = afterKey(row.key)
    }
    if (!jumped && rows.length < batch) break
    // Behind a folder there is mostly another one, of which one key is enough.
    batch = jumped ? 1 : Math.min(batch * GROWTH, MAX_BATCH)
  }
  return { objects, prefixes, ...(last === undefined ? {} : { last }) }
}
