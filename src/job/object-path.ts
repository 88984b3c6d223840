// Object paths in job fields: `obs://b/k`, `s3://b/k` and `/b/k` mean the same and are echoed as given (quirk 5).
// The domain may not import storage, and needs only these few rules.

export type ObjectPath = { readonly bucket: string; readonly key: string }

/** Splits any of the three spellings; null when it is none of them or names no bucket. */
export function parseObjectPath(text: string): ObjectPath | null {
  const match = /^(?:obs:\/\/|s3:\/\/|\/)([^/]+)(?:\/([\s\S]*))?$/.exec(text)
  if (!match?.[1] || text.includes('\0')) return null
  return { bucket: match[1], key: match[2] ?? '' }
}

/** The same path as `obs://bucket/key`; text that is no object path comes back as it was. */
export function normalizeUrl(text: string): string {
  const path = parseObjectPath(text)
  return path ? `obs://${path.bucket}/${path.key}` : text
}

/** Last folder of a folder path: `obs://b/a/code/` → `code`; of a bucket's root, the bucket. */
export function lastFolder(text: string): string {
  return normalizeUrl(text).replace(/\/+$/, '').split('/').at(-1) ?? ''
}
