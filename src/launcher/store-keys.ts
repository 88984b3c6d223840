// An object store of the user's own, for a launcher with no server near: the variables that ModelArts' images and AWS' tools
// read (modelarts.md §3.6). Pure.
import type { Environment } from './environment.ts'

export type StoreKeys = { readonly endpoint: string; readonly accessKey: string; readonly secretKey: string }

/** Null unless all three are there. `S3_ENDPOINT` may be a host alone; then S3_USE_HTTPS=0 means http. */
export function storeKeysOf(environment: Environment): StoreKeys | null {
  const of = (...names: string[]): string => names.map((name) => environment[name]).find(Boolean) ?? ''
  const where = of('S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL')
  const accessKey = of('S3_ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID')
  const secretKey = of('S3_SECRET_ACCESS_KEY', 'AWS_SECRET_ACCESS_KEY')
  if (where === '' || accessKey === '' || secretKey === '') return null
  const scheme = environment['S3_USE_HTTPS'] === '0' ? 'http' : 'https'
  const endpoint = /^https?:\/\//.test(where) ? where : `${scheme}://${where}`
  return URL.canParse(endpoint) ? { endpoint, accessKey, secretKey } : null
}
