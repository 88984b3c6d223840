// Preset engines (modelarts.md §1.7, #19): the administrator's list.
import { z } from 'zod'

export const engineList = z.object({
  total: z.number().int(),
  items: z.array(
    z.object({
      engine_id: z.string(),
      engine_name: z.string(),
      engine_version: z.string(),
      v1_compatible: z.boolean(),
      /** Empty: the site's. */
      run_user: z.string(),
      tags: z.array(z.object({ key: z.string(), value: z.string() })),
      /** Images for Ascend stand under `gpu_image_url`, as ModelArts has it. */
      image_info: z.object({
        cpu_image_url: z.string(),
        gpu_image_url: z.string(),
        image_version: z.string(),
      }),
    }),
  ),
})
