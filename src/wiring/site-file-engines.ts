// `engines` of the administrator's file: the preset engines of an installation, each a name for an image.
import { z } from 'zod'
import type { Engine } from '../job/site.ts'

const text = z.string().min(1, 'must not be empty').max(128, 'must be at most 128 characters')
const uid = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((value) => /^(0|[1-9]\d{0,8})$/.test(value), 'must be a uid from 0 to 999999999')

const engine = z
  .strictObject({
    engine_id: text,
    engine_name: text,
    engine_version: text.optional(),
    image_url: z.string().min(1, 'must name an image'),
    run_user: uid.optional(),
    v1_compatible: z.boolean().default(false),
  })
  .transform(
    (entry): Engine => ({
      id: entry.engine_id,
      name: entry.engine_name,
      version: entry.engine_version ?? entry.engine_id,
      imageUrl: entry.image_url,
      runUser: entry.run_user ?? null,
      v1Compatible: entry.v1_compatible,
    }),
  )

export const enginesFile = z.array(engine).superRefine((engines, context) => {
  const ids = engines.map(({ id }) => id)
  for (const [index, id] of ids.entries())
    if (ids.indexOf(id) !== index)
      context.addIssue({
        code: 'custom',
        path: [index, 'engine_id'],
        message: `must be new: ${id} stands above`,
      })
})
