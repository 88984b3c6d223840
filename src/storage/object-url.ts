// Names of objects: `obs://bucket/key`, `s3://bucket/key` and `/bucket/key` (the spelling of ModelArts'
// API fields), and the rules for bucket names and keys. Keys are opaque: `..` is a legal piece of one.

/** A name that is no object, bucket or key; the message says which rule it breaks. */
export class ObjectUrlError extends Error {
  override readonly name = 'ObjectUrlError'
}

/** One object, or with an empty or slash-ended key a bucket or folder. */
export type ObjectUrl = { readonly bucket: string; readonly key: string }

/** S3's and OBS's limit, counted in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1024

/** Says what is wrong with a bucket name; undefined when nothing is. The rules S3 and OBS share. */
export function bucketNameProblem(name: string): string | undefined {
  const rule = 'bucket names have 3 to 63 lower-case letters, digits, dots and hyphens'
  const shown = JSON.stringify(name)
  if (!/^[a-z0-9.-]{3,63}$/.test(name)) return `${shown} is no bucket name: ${rule}`
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return `${shown} must begin and end with a letter or digit`
  if (/\.\.|\.-|-\./.test(name)) return `${shown} has a dot next to a dot or hyphen`
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return `${shown} looks like an IP address`
  return undefined
}

/** Says what is wrong with an object key; undefined when nothing is. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'the key is empty'
  if (!key.isWellFormed()) return 'the key is not valid Unicode'
  if (key.includes('\0')) return `the key ${JSON.stringify(key)} contains a NUL character`
  const bytes = Buffer.byteLength(key)
  return bytes > MAX_KEY_BYTES
    ? `the key has ${bytes} bytes, at most ${MAX_KEY_BYTES} are possible`
    : undefined
}

/** Whether `text` is meant as an object name rather than a local path (`/b/k` is ambiguous and not counted). */
export const isObjectUrl = (text: string): boolean => /^(obs|s3):\/\//i.test(text)

/**
 * Reads `obs://b/k`, `s3://b/k` or `/b/k`. The key may be empty (the whole bucket).
 * Throws ObjectUrlError.
 */
export function parseObjectUrl(text: string): ObjectUrl {
  const match = /^(?:(?:obs|s3):\/\/|\/)([^/]*)(?:\/([\s\S]*))?$/i.exec(text)
  const bucket = match?.[1]
  if (bucket === undefined)
    throw new ObjectUrlError(
      `${JSON.stringify(text)} is no object name: write obs://bucket/key, s3://bucket/key or /bucket/key`,
    )
  const key = match?.[2] ?? ''
  const problem = bucketNameProblem(bucket) ?? (key === '' ? undefined : keyProblem(key))
  if (problem !== undefined) throw new ObjectUrlError(`${JSON.stringify(text)}: ${problem}`)
  return { bucket, key }
}

/** `obs://bucket/key`. */
export const formatObjectUrl = ({ bucket, key }: ObjectUrl): string => `obs://${bucket}/${key}`

/** A prefix that means the inside of a folder: empty, or ending with exactly the slash that folders have. */
export const folderPrefix = (key: string): string => (key === '' || key.endsWith('/') ? key : `${key}/`)
