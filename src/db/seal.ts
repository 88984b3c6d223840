// Secrets as they stand in a row: AES-256-GCM, bound to the row they belong to.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { DataFolderError } from './data-folder-error.ts'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const VERSION = 'v1'

/** `v1.<base64 of iv, tag, ciphertext>`. `owner` names the row, so that a sealed text copied elsewhere does not open. */
export function seal(key: Uint8Array, owner: string, plain: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(owner))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return `${VERSION}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')}`
}

/** The text that was sealed for `owner`. Throws DataFolderError when key or owner are not those it was sealed with. */
export function unseal(key: Uint8Array, owner: string, sealed: string): string {
  const [version, encoded = ''] = sealed.split('.')
  const bytes = Buffer.from(encoded, 'base64')
  try {
    if (version !== VERSION) throw new Error(`sealed as ${JSON.stringify(version)}, known is "${VERSION}"`)
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(owner))
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
      'utf8',
    )
  } catch (cause) {
    throw new DataFolderError(
      `the stored secret of ${owner} does not open with this data folder's secret.key: put back the secret.key that belongs to this database, from a backup or from the data folder of another server that works with it`,
      { cause },
    )
  }
}
