// `POST /ropeway/v1/{project_id}/image-checks`: will an image run here, and as a custom image of ModelArts? Asking again
// with the same body goes on waiting for the same check, so that a long one survives any time limit on the way.
import { z } from 'zod'

/** error: it will not work there · warning: it may not, or not as one would think. */
export const findingLevel = z.enum(['ok', 'warning', 'error'])
export type FindingLevel = z.infer<typeof findingLevel>

/** On this installation, or on ModelArts as a custom image of the first or second generation. */
export const checkPlace = z.enum(['here', 'modelarts-1', 'modelarts-2'])
export type CheckPlace = z.infer<typeof checkPlace>

export const imageFinding = z.object({
  level: findingLevel,
  /** Stable name of the rule. */
  rule: z.string(),
  applies: checkPlace,
  message: z.string(),
  /** Empty with `ok`. */
  advice: z.string(),
  /** Whose rule it is. */
  source: z.string(),
})
export type ImageFinding = z.infer<typeof imageFinding>

export const imageCheckRequest = z.object({
  image: z.string().min(1, 'must not be empty').max(1024, 'must be at most 1024 characters'),
  /** Answer after so many seconds at the latest, finished or not. */
  wait_s: z.number().min(0, 'must be 0 to 3600').max(3600, 'must be 0 to 3600').default(600),
})

export const imageCheckProgress = z.object({
  step: z.enum(['pull', 'wait', 'read']),
  message: z.string(),
  bytes: z.number(),
  /** An estimate; 0 where there is none. */
  total_bytes: z.number(),
})
export type ImageCheckProgress = z.infer<typeof imageCheckProgress>

/** What was looked at. */
export const imageSummary = z.object({
  image: z.string(),
  id: z.string(),
  /** In its registry; the id of an image that was built here. */
  digest: z.string(),
  architecture: z.string(),
  os: z.string(),
  /** Name and version of its distribution; empty where it has none. */
  system: z.string(),
  size_bytes: z.number(),
  layers: z.number().int(),
  created: z.string(),
  user: z.string(),
  entrypoint: z.array(z.string()),
  working_dir: z.string(),
  files: z.number().int(),
  file_bytes: z.number(),
  libc: z.array(z.string()),
  shell: z.string().nullable(),
  python: z.array(z.object({ path: z.string(), version: z.string().nullable() })),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
  cann: z.array(z.object({ component: z.string(), version: z.string() })),
})
export type ImageSummary = z.infer<typeof imageSummary>

export const imageCheck = z.discriminatedUnion('state', [
  z.object({ state: z.literal('running'), progress: imageCheckProgress }),
  z.object({ state: z.literal('done'), summary: imageSummary, findings: z.array(imageFinding) }),
])
export type ImageCheck = z.infer<typeof imageCheck>
