// Logins of private registries: PUT takes a password, nothing gives one back.
import { z } from 'zod'

export const registryLogin = z.object({
  host: z.string(),
  user_name: z.string(),
  /** Milliseconds. */
  update_time: z.number(),
})
export type RegistryLoginBody = z.infer<typeof registryLogin>

export const registryList = z.object({ total: z.number(), registries: z.array(registryLogin) })
export type RegistryList = z.infer<typeof registryList>

/** Body of `PUT /ropeway/v1/{project_id}/registries/{registry}`. */
export const registryPut = z.object({
  user_name: z.string().min(1, 'must not be empty').max(256, 'must be at most 256 characters'),
  password: z.string().min(1, 'must not be empty').max(65_536, 'must be at most 65536 characters'),
})

/** Body of `POST …/registries/{registry}/test`. */
export const registryTestRequest = z.object({ image: z.string().max(1024).nullish() })
export const registryTest = z.object({ ok: z.boolean(), message: z.string() })
export type RegistryTestBody = z.infer<typeof registryTest>
