// What clients look at before they begin: is the service set up for them, and which workspaces are there (modelarts.md §1.9).
import { z } from 'zod'

export const authorizationQuery = z.object({
  user_name: z.string().optional(),
  sort_by: z.string().optional(),
  order: z.enum(['asc', 'desc']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  offset: z.coerce.number().int().min(0).default(0),
})
export const authorizationList = z.object({
  total_count: z.number().int(),
  auth: z.array(
    z.object({
      user_id: z.string(),
      user_name: z.string(),
      type: z.literal('agency'),
      content: z.string(),
      create_time: z.number(),
    }),
  ),
})

export const workspaceQuery = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  name: z.string().default(''),
})
export const workspaceList = z.object({
  total_count: z.number().int(),
  count: z.number().int(),
  workspaces: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      owner: z.string(),
      create_time: z.number(),
      update_time: z.number(),
      auth_type: z.literal('PUBLIC'),
      enterprise_project_id: z.string(),
      enterprise_project_name: z.string(),
      status: z.literal('NORMAL'),
      status_info: z.string(),
    }),
  ),
})
