// What ModelArts lacks: answers of the routes under /ropeway/v1 (decisions.md §4).
import { z } from 'zod'

/** `POST …/dry-run` takes a create body and answers what would happen; nothing is stored. */
export const dryRunResponse = z.object({
  backend: z.string(),
  job: z.unknown(),
  admission: z.looseObject({
    admitted: z.boolean(),
    reason: z.string(),
    /** Only when admitted. */
    placements: z
      .array(
        z.looseObject({ task: z.string(), hostId: z.string(), physicalIds: z.array(z.number()).readonly() }),
      )
      .readonly()
      .optional(),
  }),
  plan: z.unknown(),
  /** What every task gets beyond its image, all defaults filled in. */
  container: z
    .looseObject({
      pullPolicy: z.string(),
      shmBytes: z.number().nullable(),
      ulimits: z.array(z.object({ name: z.string(), soft: z.number(), hard: z.number() })).readonly(),
      devices: z.array(z.string()).readonly(),
      capabilities: z.array(z.string()).readonly(),
      hostNetwork: z.boolean(),
      volumes: z
        .array(
          z.object({
            source: z.looseObject({ kind: z.string(), path: z.string(), server: z.string().optional() }),
            target: z.string(),
            readOnly: z.boolean(),
          }),
        )
        .readonly(),
      cacheDir: z.string().nullable(),
    })
    .optional(),
  environments: z.array(z.object({ task: z.string(), environment: z.record(z.string(), z.string()) })),
  warnings: z.array(z.string()),
})
export type DryRunResponse = z.infer<typeof dryRunResponse>

/** `GET …/training-jobs/{id}/stream?since=SEQ&wait_s=S`: events after a sequence, and the job's present state. */
export const eventStreamQuery = z.object({
  since: z.coerce.number().int().min(0).default(0),
  wait_s: z.coerce.number().min(0).max(60).default(0),
})
export const eventStream = z.object({
  next: z.number().int(),
  events: z.array(
    z.object({
      sequence: z.number().int(),
      time: z.string(),
      level: z.enum(['Info', 'Warning', 'Error']),
      source: z.enum(['Job', 'Task', 'K8S']),
      reason: z.string(),
      message: z.string(),
    }),
  ),
  phase: z.string(),
  secondary_phase: z.string(),
  terminal: z.boolean(),
  exit_code: z.number().nullable(),
  message: z.string(),
  waiting: z.object({ position: z.number().int(), reason: z.string() }).nullable(),
})
export type EventStream = z.infer<typeof eventStream>
