// The header x-amz-copy-source: `bucket/key` or `/bucket/key`, percent-encoded, maybe with `?versionId=null`.
import { percentDecode } from '../../lib/signature/canonical.ts'
import type { Call } from './call.ts'
import { StorageError } from './storage-error.ts'

/** Reads the source and asks whether this principal may read it. Throws InvalidArgument, NotImplemented or AccessDenied. */
export async function copySource(call: Call): Promise<{ bucket: string; key: string }> {
  const [path = '', version] = (call.headers['x-amz-copy-source'] ?? '').split('?versionId=')
  if (version !== undefined && version !== '' && version !== 'null')
    throw new StorageError('NotImplemented', 'Objects have no versions here')
  const match = /^\/?([^/]+)\/([\s\S]+)$/.exec(percentDecode(path) ?? '')
  const [, bucket, key] = match ?? []
  if (bucket === undefined || key === undefined)
    throw new StorageError(
      'InvalidArgument',
      `x-amz-copy-source must be bucket/key, percent-encoded, got ${JSON.stringify(path)}`,
    )
  await call.allowSource(bucket, key)
  return { bucket, key }
}
