// Tags of jobs (row 23 of modelarts.md §1.2).
import type { TaggedSearch } from '../api/tag.ts'
import { checkTagFilters, checkTags, type TagQuery } from '../job/tags.ts'
import type { Handlers } from './handlers.ts'
import { type ApiParts, jobOf } from './parts.ts'

type Names =
  | 'listJobTags'
  | 'createJobTags'
  | 'deleteJobTags'
  | 'listProjectTags'
  | 'countTaggedJobs'
  | 'searchTaggedJobs'

export const tagHandlers = (parts: ApiParts): Handlers<Names> => ({
  listJobTags: async ({ context }) => ({ tags: await parts.tags.list((await jobOf(parts, context)).id) }),
  createJobTags: async ({ context, body }) => {
    const tags = body.tags.map(({ key, value }) => ({ key, value: value ?? '' }))
    checkTags(tags)
    return { tags: await parts.tags.put((await jobOf(parts, context)).id, tags) }
  },
  deleteJobTags: async ({ context, body }) => {
    const keys = body.tags.map(({ key }) => key)
    await parts.tags.remove((await jobOf(parts, context)).id, keys)
    return context.body(null, 204)
  },
  listProjectTags: async ({ context, query }) => ({
    tags: await parts.tags.listOfProject(context.get('principal').projectId, query),
  }),
  countTaggedJobs: async ({ context, body }) => {
    const query = queryOf(body, { offset: 0, limit: 1 })
    return { total_count: (await parts.tags.search(context.get('principal').projectId, query)).total }
  },
  searchTaggedJobs: async ({ context, body, query }) => {
    const found = await parts.tags.search(context.get('principal').projectId, queryOf(body, query))
    return {
      resources: found.items.map(({ id, name, workspaceId, tags }) => ({
        resource_detail: {},
        workspace_id: workspaceId,
        resource_id: id,
        resource_name: name,
        tags: [...tags],
      })),
      total_count: found.total,
    }
  },
})

const queryOf = (body: TaggedSearch, page: { offset: number; limit: number }): TagQuery => ({
  ...page,
  workspaceId: body.workspace_id || '0',
  untagged: body.without_any_tag === true,
  filters: body.without_any_tag ? [] : checkTagFilters(body.tags ?? []),
  name: body.matches?.[0]?.value ?? '',
})
