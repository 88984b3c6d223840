// A preset engine is a name for an image, which the administrator gives (site.yaml, `engines`). Pure.
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import type { Engine, Site } from './site.ts'

type Asked = NonNullable<TrainingJobRequest['algorithm']>['engine']

/**
 * The engine with its record filled in. An image that was given wins over the one of the catalogue. Throws AppError
 * EngineNotFound.
 */
export function resolveEngine(asked: Asked, { engines }: Pick<Site, 'engines'>): Asked {
  const { engine_id: id, engine_name: name, engine_version: version } = asked ?? {}
  if (!id && !name) return asked
  const found = engines.find(
    (engine) =>
      (!id || engine.id === id) &&
      (!name || engine.name === name) &&
      (!version || engine.version === version),
  )
  if (found !== undefined) return { ...asked, ...recordOf(found), ...imageOf(asked, found) }
  // Beside an image the name only says what is in it.
  if (asked?.image_url) return asked
  throw new AppError(
    'EngineNotFound',
    `algorithm.engine: got ${JSON.stringify(id || `${name} ${version ?? ''}`.trim())}; valid: ${listOf(engines)}`,
  )
}

const listOf = (engines: readonly Engine[]): string =>
  engines.map(({ id }) => JSON.stringify(id)).join(', ') ||
  'engine.image_url: the administrator has listed no engines in site.yaml'

const recordOf = ({ id, name, version, v1Compatible }: Engine) => ({
  engine_id: id,
  engine_name: name,
  engine_version: version,
  usage: 'training',
  support_groups: 'public',
  tags: [],
  v1_compatible: v1Compatible,
})

const imageOf = (asked: Asked, { imageUrl, runUser }: Engine) => ({
  image_url: asked?.image_url || imageUrl,
  run_user: asked?.run_user || (runUser ?? undefined),
})
