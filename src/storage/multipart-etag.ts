// The ETag of an object that was made of parts, as S3 and its kin make it.
import { createHash } from 'node:crypto'

/** md5 over the md5s of the parts, and their count. */
export function multipartEtag(etags: readonly string[]): string {
  const hash = createHash('md5')
  for (const etag of etags) hash.update(Buffer.from(etag, 'hex'))
  return `${hash.digest('hex')}-${etags.length}`
}

/** The same of ETags that somebody else gave; undefined when one is no md5, as where a key service encrypts. */
export const expectedEtag = (etags: readonly string[]): string | undefined =>
  etags.length > 0 && etags.every((etag) => /^[0-9a-f]{32}$/.test(etag)) ? multipartEtag(etags) : undefined
