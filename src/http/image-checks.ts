// Will an image run here, and on ModelArts?
import type { Hono } from 'hono'
import { AppError } from '../api/error.ts'
import { type ImageCheck, type ImageSummary, imageCheckRequest } from '../api/image-check.ts'
import { ROUTES } from '../api/routes.ts'
import type { ImageFacts } from '../image-check/facts.ts'
import { checkImage } from '../image-check/rules.ts'
import { ImageCheckRuns } from './image-check-runs.ts'
import { parseBody } from './parse.ts'
import type { ApiEnv, ApiParts } from './parts.ts'

/** Adds the route to an application. */
export function imageCheckRoutes(
  app: Hono<ApiEnv>,
  { imageInspector, site, stopping }: Pick<ApiParts, 'imageInspector' | 'site' | 'stopping'>,
): void {
  const runs = imageInspector && new ImageCheckRuns(imageInspector, stopping)
  app.post(ROUTES.checkImage.path, async (context) => {
    const { image, wait_s } = parseBody(imageCheckRequest, context.get('body'))
    if (runs === null)
      throw new AppError(
        'NotSupported',
        'image-checks: this server has no container engine; valid: --backend docker',
      )
    const { projectId } = context.get('principal')
    const waited = await runs.wait(projectId, image, wait_s * 1000, context.req.raw.signal)
    if (waited.state === 'running') {
      const { totalBytes, ...progress } = waited.progress
      const answer: ImageCheck = { state: 'running', progress: { ...progress, total_bytes: totalBytes } }
      return context.json(answer)
    }
    const findings = checkImage(waited.facts, { allowRoot: site.allow.root })
    const answer: ImageCheck = { state: 'done', summary: summaryOf(image, waited.facts), findings }
    return context.json(answer)
  })
}

const summaryOf = (image: string, { id, digest, config, files }: ImageFacts): ImageSummary => ({
  image,
  id,
  digest,
  architecture: config.architecture,
  os: config.os,
  system: files.system ?? '',
  size_bytes: config.sizeBytes,
  layers: config.layers,
  created: config.created,
  user: config.user,
  entrypoint: [...config.entrypoint],
  working_dir: config.workingDir,
  files: files.entries,
  file_bytes: files.bytes,
  libc: [...files.libc],
  shell: (files.bash ?? files.sh)?.path ?? null,
  python: files.pythons.map(({ path, version }) => ({ path, version })),
  packages: files.packages.map(({ name, version }) => ({ name, version })),
  cann: files.cann.map(({ component, version }) => ({ component, version })),
})
