// What goes after a copy: with --delete what the destination has too much, after a move what has arrived.
import { lstat, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectClient } from '../../storage/object-client.ts'
import { formatObjectUrl, type ObjectUrl } from '../../storage/object-url.ts'
import type { Skipped } from '../../storage/transfer/transfer-types.ts'
import { CliError } from '../errors.ts'

/** Removes what is due, but nothing that was left out of the copy. Returns what it leaves where it is, and why. */
export type Removal = (leftOut: readonly Skipped[]) => Promise<Skipped[]>

/** Objects that go, as words and as a removal. */
export const goneObjects = (
  client: ObjectClient,
  bucket: string,
  keys: readonly string[],
  signal: AbortSignal,
): { readonly gone: readonly string[]; readonly removal: Removal } => ({
  gone: keys.map((key) => formatObjectUrl({ bucket, key })),
  removal: async () => {
    await client.deleteMany(bucket, keys, { signal })
    return []
  },
})

/** Files (or links themselves) below a folder. */
export const removeFiles =
  (dir: string, names: readonly string[], signal: AbortSignal): Removal =>
  async () => {
    for (const name of names) {
      signal.throwIfAborted()
      await rm(join(dir, name), { force: true })
    }
    return []
  }

type Seen = {
  readonly name: string
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

/** Files that were sent and are as they were when they were looked at; what was written since would be lost. */
export const takeFiles =
  <T extends Seen>(files: readonly T[], at: (file: T) => string, signal: AbortSignal): Removal =>
  async (leftOut) => {
    const out = new Set(leftOut.map(({ name }) => name))
    const stayed: Skipped[] = []
    for (const file of files) {
      signal.throwIfAborted()
      if (out.has(file.name)) continue
      const info = await stat(file.path).catch(() => undefined)
      if (info && (info.size !== file.size || info.mtimeMs !== file.modifiedMs))
        stayed.push({ name: file.name, reason: 'changed while it was moved' })
      else if (await lstat(at(file)).catch(() => undefined)) await rm(at(file))
    }
    return stayed
  }

/** Throws CliError for a move onto itself, or of a folder into itself. */
export function refuseOverlap(from: ObjectUrl, to: ObjectUrl): void {
  const isFolder = from.key === '' || from.key.endsWith('/')
  const lies = isFolder ? to.key.startsWith(from.key) || from.key.startsWith(to.key) : from.key === to.key
  if (from.bucket === to.bucket && lies)
    throw new CliError(
      `${formatObjectUrl(from)} cannot be moved to ${formatObjectUrl(to)}: one is in the other`,
      'Name a destination beside it.',
    )
}
