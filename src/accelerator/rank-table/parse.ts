// From bytes to a rank table of a known form. Refuses what is no table; what is wrong inside one is check.ts's.
import { field, isObject, show } from './finding.ts'
import { RankTableError } from './rank-table-error.ts'
import type { JsonObject, ParsedTable, TableVersion } from './types.ts'

/** HCCL's limit for v1 tables (ascend.md §1.12). */
export const MAX_TABLE_BYTES = 40 * 1024 * 1024
const MAX_DEPTH = 32

/**
 * Reads a rank table and tells its form. A byte order mark, CRLF and trailing blank lines are fine; of repeated
 * keys the last wins; a key `__proto__` is a key like any other and never a prototype.
 * Throws RankTableError for everything that is no complete JSON object of a known form.
 */
export function parseRankTable(content: string | Uint8Array): ParsedTable {
  const sizeBytes = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength
  if (sizeBytes > MAX_TABLE_BYTES) {
    throw new RankTableError('size', `${sizeBytes} bytes; at most ${MAX_TABLE_BYTES} (40 MiB) are read`)
  }
  const text = decode(content).replace(/^\uFEFF/, '')
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    throw new RankTableError(
      'encoding',
      `a NUL byte at character ${nul}; the file is not written completely, or padded`,
    )
  }
  if (text.trim() === '') throw new RankTableError('syntax', 'the file is empty')
  refuseDepth(text)
  const table = parseJson(text)
  if (!isObject(table)) throw new RankTableError('shape', `got ${show(table)}; valid: a JSON object`)
  return { version: versionOf(table), table, text }
}

function decode(content: string | Uint8Array): string {
  if (typeof content === 'string') return content
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (cause) {
    throw new RankTableError('encoding', 'not UTF-8 text', { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RankTableError(
      'syntax',
      `not complete JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}

/** Counts brackets outside strings before anything is built from them. */
function refuseDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c) i += 1
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) depth += 1
    else if (code === 0x7d || code === 0x5d) depth -= 1
    if (depth > MAX_DEPTH)
      throw new RankTableError('depth', `nested more than ${MAX_DEPTH} levels deep at character ${i}`)
  }
}

function versionOf(table: JsonObject): TableVersion {
  const version = field(table, 'version')
  if (version === undefined) return Object.hasOwn(table, 'deploy_mode') ? 'lab' : '0.1'
  if (version === '1.0' || version === '1.1' || version === '1.2' || version === '2.0') return version
  throw new RankTableError(
    'version',
    `version: got ${show(version)}; valid: "1.0", "1.1", "1.2", "2.0", or no version key for the v0.1 form`,
  )
}
