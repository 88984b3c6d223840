// Does this task get S3 on its loopback?
import type { HelloResponse } from '../api/task.ts'
import type { S3Endpoint } from './s3-endpoint.ts'
import type { ServiceLog } from './service-log.ts'

/** Variables by which a user points clients to a store of their own; ours beside them would make a store of neither. */
const OWN_STORE = [
  'AWS_ACCESS_KEY_ID',
  'S3_ACCESS_KEY_ID',
  'ACCESS_KEY_ID',
  'OBS_ACCESS_KEY_ID',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'S3_ENDPOINT',
]

/** Null when the job did not ask for it, or has a store of its own. */
export async function openS3(
  socketPath: string,
  { s3_buckets: buckets, environment }: HelloResponse,
  log: ServiceLog,
): Promise<S3Endpoint | null> {
  if (buckets === null) return null
  const own = OWN_STORE.find((name) => name in environment)
  if (own !== undefined) {
    log.warning(`S3 on the loopback is left out: the job sets ${own} itself`)
    return null
  }
  const { openS3Endpoint } = await import('./s3-endpoint.ts')
  const endpoint = await openS3Endpoint({ socketPath, buckets })
  log.info(`S3 of ${buckets.join(', ') || 'no bucket'} is at ${endpoint.environment['AWS_ENDPOINT_URL']}`)
  return endpoint
}
