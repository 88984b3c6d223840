// Flavors: the sizes one can ask for (modelarts.md §1.7, #18).
import { z } from 'zod'

export const flavorQuery = z.object({ flavor_type: z.enum(['CPU', 'GPU', 'Ascend']).optional() })

export const flavor = z.looseObject({
  flavor_id: z.string(),
  flavor_name: z.string(),
  flavor_type: z.enum(['CPU', 'GPU', 'Ascend']),
  max_num: z.number().int(),
  billing: z.object({ code: z.string(), unit_num: z.number().int() }),
  flavor_info: z.looseObject({
    max_num: z.number().int(),
    cpu: z.object({ arch: z.string(), core_num: z.number().int() }),
    gpu: z.object({ unit_num: z.number().int(), product_name: z.string(), memory: z.string() }).optional(),
    /** `unit_num` is a string here: quirk 3 of modelarts.md §1.11. */
    npu: z.object({ unit_num: z.string(), product_name: z.string(), memory: z.string() }).optional(),
    memory: z.object({ size: z.number().int(), unit: z.string() }),
    disk: z.object({ size: z.number().int(), unit: z.string() }),
  }),
  attributes: z.record(z.string(), z.string()),
})
export type FlavorBody = z.infer<typeof flavor>

export const flavorList = z.object({ total_count: z.number().int(), flavors: z.array(flavor) })
export type FlavorList = z.infer<typeof flavorList>
