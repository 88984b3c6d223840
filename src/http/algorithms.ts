// Stored algorithms (row 21 of modelarts.md §1.2).
import type { AlgorithmBody } from '../api/algorithm.ts'
import { AppError } from '../api/error.ts'
import { type Algorithm, configOf } from '../job/algorithms.ts'
import { defineAlgorithm } from '../job/define-algorithm.ts'
import { resolveEngine } from '../job/resolve-engine.ts'
import type { Site } from '../job/site.ts'
import { newUuid } from '../lib/id.ts'
import type { Handlers } from './handlers.ts'
import { parameterBody } from './parameter-body.ts'
import type { ApiContext, ApiParts } from './parts.ts'

type Names = 'createAlgorithm' | 'listAlgorithms' | 'showAlgorithm' | 'changeAlgorithm' | 'deleteAlgorithm'

export const algorithmHandlers = (parts: ApiParts): Handlers<Names> => ({
  createAlgorithm: async ({ context, body }) => {
    const { projectId, userName } = context.get('principal')
    const createTimeMs = parts.clock.now().getTime()
    const algorithm = await defineAlgorithm(
      { id: newUuid(), projectId, userName, createTimeMs, updateTimeMs: 0, body },
      { site: parts.site, catalog: parts.catalog(projectId) },
    )
    await parts.algorithms.create(algorithm)
    return algorithmBodyOf(algorithm, parts.site)
  },
  listAlgorithms: async ({ context, query }) => {
    const { offset, limit, sort_by, order, group_by, searches, workspace_id: workspaceId } = query
    const { total, count, items } = await parts.algorithms.list(context.get('principal').projectId, {
      ...{ workspaceId, sortBy: sort_by, order, offset, limit },
      name: searches.replace(/^name:/, ''),
    })
    return {
      ...{ total, count, limit, offset, sort_by, order, group_by },
      items: items.map((one) => algorithmBodyOf(one, parts.site)),
    }
  },
  showAlgorithm: async ({ context }) => algorithmBodyOf(await algorithmOf(parts, context), parts.site),
  changeAlgorithm: async ({ context, body }) => {
    const { request: _, codeTree: _tree, codeBytes: _bytes, ...before } = await algorithmOf(parts, context)
    const updateTimeMs = parts.clock.now().getTime()
    const algorithm = await defineAlgorithm(
      { ...before, updateTimeMs, body },
      { site: parts.site, catalog: parts.catalog(before.projectId) },
    )
    await parts.algorithms.update(algorithm)
    return algorithmBodyOf(algorithm, parts.site)
  },
  deleteAlgorithm: async ({ context }) => {
    const { projectId, id } = await algorithmOf(parts, context)
    await parts.algorithms.remove(projectId, id)
    return context.body('', 202)
  },
})

/** Throws AppError AlgorithmNotFound. */
async function algorithmOf({ algorithms }: ApiParts, context: ApiContext): Promise<Algorithm> {
  const id = context.req.param('algorithm') ?? ''
  const found = await algorithms.find(context.get('principal').projectId, id)
  if (found !== null) return found
  throw new AppError(
    'AlgorithmNotFound',
    `algorithm_id: got ${JSON.stringify(id.slice(0, 80))}; valid: the id of an algorithm of this project`,
  )
}

/** Nulls, empty texts and zeros are the documents' own. */
function algorithmBodyOf(algorithm: Algorithm, site: Site): AlgorithmBody {
  const { request, codeTree, codeBytes } = algorithm
  const config = configOf(algorithm)
  return {
    metadata: {
      ...{ id: algorithm.id, name: request.metadata.name, description: request.metadata.description ?? '' },
      ...{ create_time: algorithm.createTimeMs, update_time: algorithm.updateTimeMs },
      ...{ workspace_id: algorithm.workspaceId, ai_project: 'default-ai-project' },
      ...{ user_name: algorithm.userName, domain_id: '', source: 'custom', api_version: '' },
      ...{ is_valid: true, state: '', size: codeBytes, tags: null, attr_list: null, version_num: 0 },
    },
    job_config: {
      code_dir: config.code_dir ?? '',
      boot_file: config.boot_file ?? '',
      command: config.command ?? '',
      parameters: (config.parameters ?? []).map(parameterBody),
      parameters_customization: config.parameters_customization ?? false,
      inputs: config.inputs ?? [],
      outputs: config.outputs ?? [],
      engine: known(() => resolveEngine(config.engine, site)) ?? config.engine ?? {},
      ...(codeTree === null ? {} : { code_tree: codeTree }),
    },
    resource_requirements:
      request.resource_requirements?.map(({ key, values, value, operator }) => ({
        ...{ key, operator: operator ?? 'in', values: values ?? value ?? [], value: values ?? value ?? [] },
      })) ?? null,
    advanced_config: request.advanced_config ?? {},
  }
}

/** An engine may have left the catalogue since. */
function known<T>(look: () => T): T | null {
  try {
    return look()
  } catch {
    return null
  }
}
