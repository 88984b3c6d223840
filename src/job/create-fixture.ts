// Creating jobs against a few buckets and a host backend.
import assert from 'node:assert/strict'
import { type BodyParts, buildBody, inventory2x4 } from '../../test/job-builders.ts'
import { AppError } from '../api/error.ts'
import type { ErrorName } from '../api/errors.ts'
import { createJob } from './create.ts'
import type { Backend, ObjectCatalog } from './ports.ts'
import { DEFAULT_SITE } from './site.ts'

const OBJECTS: Record<string, string[]> = {
  b: ['code/train.py', 'code/lib/x.py', 'data/1.bin'],
  big: Array.from({ length: 1025 }, (_, index) => `many/${index}.py`),
  deep: [`code/${'a/'.repeat(33)}train.py`],
  empty: [],
}
const keysUnder = (bucket: string, prefix: string): string[] =>
  (OBJECTS[bucket] ?? []).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
const catalog: ObjectCatalog = {
  bucketExists: async (bucket) => bucket in OBJECTS,
  list: async (bucket, prefix, limit) =>
    keysUnder(bucket, prefix)
      .map((key) => ({ key, bytes: 100 }))
      .slice(0, limit),
  listNames: async (bucket, prefix, limit) =>
    [...new Set(keysUnder(bucket, prefix).map((key) => key.replace(/\/.*/, '/')))].slice(0, limit),
  objectExists: async (bucket, key) => (OBJECTS[bucket] ?? []).includes(key),
}
// Only `plan` is asked at create time; images other than "host" are refused as the host backend does.
const backend = {
  name: 'host',
  plan: (input) => {
    if (input.image !== 'host')
      throw new AppError('ImageNotFound', `algorithm.engine.image_url: got "${input.image}"; valid: "host"`)
    return { jobId: input.jobId, attempt: 1, backend: 'host', tasks: [] }
  },
} as Pick<Backend, 'name' | 'plan'> as Backend
/** What a create call with this body does. */
export const create = (parts: BodyParts) =>
  createJob(
    {
      id: '11111111-2222-4333-8444-555555555555',
      projectId: 'p',
      userName: 'u',
      nowMs: 1,
      body: buildBody(parts),
    },
    {
      ...{ inventory: inventory2x4, catalog, backend, site: DEFAULT_SITE, disk: { check: async () => {} } },
      algorithms: { find: async () => null },
    },
  )
export const runTrain = (url: string, boot = 'code/train.py') =>
  `/bin/bash /home/work/run_train.sh '${url}' '${boot}' '/tmp/log/train.log'`

/** Asserts that a body is refused with this error. */
export const refuses = (parts: BodyParts, code: ErrorName, message: RegExp): Promise<void> =>
  assert.rejects(create(parts), (error) => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
