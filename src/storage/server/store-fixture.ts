// What the tests of the object store share.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getGlobalDispatcher } from 'undici'
import { systemClock } from '../../lib/clock.ts'
import type { LookupObjectKey } from './authorize.ts'
import { type ObjectStore, openObjectStore } from './object-store.ts'
import { StorageError } from './storage-error.ts'

/** A store with the machine's clock. */
export const open = (dir: string) => openObjectStore({ dir, clock: systemClock })

/** One key that may do everything with the buckets of nobody. */
export const onlyKey =
  (accessKey: string, secret: string): LookupObjectKey =>
  (asked) =>
    asked === accessKey
      ? { secret, prove: () => ({ ok: true, principal: { projectId: '', writes: true } }) }
      : `There is no access key ${asked}`

/** A folder that is gone at the end. */
export async function tempDir() {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-store-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** A body of pieces. */
export async function* bytes(...pieces: Array<string | Buffer>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

/** Stores an object in bucket `bkt`, its key as metadata. */
export const put = (store: ObjectStore, key: string, ...pieces: Array<string | Buffer>) =>
  store.put({ bucket: 'bkt', key, body: bytes(...pieces), metadata: { of: key } })

/** An object of bucket `bkt` as text. */
export async function text(store: ObjectStore, key: string, start?: number, end?: number): Promise<string> {
  await using reader = await store.read('bkt', key)
  return Buffer.concat(await Array.fromAsync(reader.stream(start, end))).toString()
}

/** Every body file on disk. */
export async function bodies(dir: string): Promise<string[]> {
  const entries = await readdir(join(dir, 'bodies'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Whether an error is the store's refusal of this code. */
export const refused = (code: string) => (error: unknown) =>
  error instanceof StorageError && error.code === code

/** An object of three parts: two of 100 KiB and a short one. */
export async function putInParts(store: ObjectStore, key: string) {
  const target = {
    bucket: 'bkt',
    key,
    uploadId: await store.startUpload({ bucket: 'bkt', key, headers: {}, metadata: {} }),
  }
  const parts = []
  for (const [at, size] of [102_400, 102_400, 3].entries()) {
    const { number, etag } = await store.putPart({
      ...target,
      number: at + 1,
      body: bytes(String(at).repeat(size)),
    })
    parts.push({ number, etag })
  }
  return { target, parts }
}

/** What to send besides method and target. */
export type Sent = { headers?: Record<string, string>; body?: string | Buffer }

/** Sends a request without signature to `endpoint`; `code` is that of an error answer. */
export async function ask(
  endpoint: string,
  method: string,
  target: string,
  { headers = {}, body }: Sent = {},
) {
  // Not through URL, which would fold the dots of a path.
  const call = { origin: endpoint, path: target, method: method as 'GET', headers, body: body ?? null }
  const answer = await getGlobalDispatcher().request(call)
  const text = await answer.body.text()
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1]
  return { status: answer.statusCode, headers: answer.headers as Record<string, string>, text, code }
}
