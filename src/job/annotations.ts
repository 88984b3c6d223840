// Annotations that are acted on: ModelArts' own of restarts, and ours for what its request has no field for. Those that are
// not are in check-fields.ts.
import { AppError } from '../api/error.ts'
import { nearestName } from '../lib/nearest-name.ts'

export const ANNOTATION = {
  /** "true" keeps the image's own run_train.sh instead of ours (decisions.md 1.7). */
  keepRunTrain: 'ropeway/keep-image-run-train',
  /** Names of environment variables whose values are secret, separated by commas. */
  secretEnvironment: 'ropeway/secret-environment',
  /** Behaviour of the fake backend. */
  fake: 'ropeway/fake',
  /** Size of /dev/shm, such as 8Gi. */
  shmSize: 'ropeway/shm-size',
  /** Such as memlock=unlimited,nofile=65536,stack=64Mi:128Mi (soft:hard). */
  ulimits: 'ropeway/ulimits',
  /** Extra device files, separated by commas. */
  devices: 'ropeway/devices',
  /** Linux capabilities, separated by commas. */
  capabilities: 'ropeway/capabilities',
  /** "true": the network of the host. */
  hostNetwork: 'ropeway/host-network',
  /** "true": outputs may lie in folders that another unfinished job writes to. */
  sharedOutputs: 'ropeway/shared-outputs',
  /** The form of the rank table: 0.1, 1.0 or 1.2. */
  rankTable: 'ropeway/rank-table',
  /** "true": S3 on the task's loopback, for programs with a client of their own. */
  s3Endpoint: 'ropeway/s3-endpoint',
  /** always, missing or never. */
  pullPolicy: 'ropeway/pull-policy',
} as const

/** ModelArts' own (modelarts.md §1.3.1). */
export const RETRY = {
  /** How many more attempts: 1 to 128. */
  count: 'fault-tolerance/job-retry-num',
  /** "true": also when the user's program was what failed. */
  unconditional: 'fault-tolerance/job-unconditional-retry',
} as const
export const MAX_RETRIES = 128

const KNOWN: readonly string[] = Object.values(ANNOTATION)

/** Throws AppError InvalidParam for a misspelt switch and for a count that is none: they would do nothing, silently. */
export function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  const retries = annotations[RETRY.count] ?? ''
  if (!/^\d{0,3}$/.test(retries) || Number(retries) > MAX_RETRIES)
    throw new AppError(
      'InvalidParam',
      `metadata.annotations.${RETRY.count}: got ${JSON.stringify(retries.slice(0, 100))}; valid: a whole number from 1 to ${MAX_RETRIES}`,
    )
  for (const name of Object.keys(annotations)) {
    if (!name.startsWith('ropeway/') || KNOWN.includes(name)) continue
    throw new AppError(
      'InvalidParam',
      `metadata.annotations: got ${JSON.stringify(name.slice(0, 100))}; did you mean ${JSON.stringify(nearestName(name, KNOWN))}? valid: ${KNOWN.join(', ')}`,
    )
  }
}

/** Non-empty parts of a list separated by commas. */
export const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
