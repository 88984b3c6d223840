// What a program inside a job tells about it (modelarts.md §1.2 row 17).
import { z } from 'zod'

export const eventReport = z.looseObject({
  type: z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be 1 to 64 letters, digits or _ . : -'),
})
