// Will an image run here, and on ModelArts?
import { AppError } from '../api/error.ts'
import type { ImageSummary } from '../api/image-check.ts'
import type { ImageFacts } from '../image-check/facts.ts'
import { checkImage } from '../image-check/rules.ts'
import type { Handlers } from './handlers.ts'
import { ImageCheckRuns } from './image-check-runs.ts'
import type { ApiParts } from './parts.ts'

export function imageCheckHandlers({
  imageInspector,
  site,
  stopping,
}: Pick<ApiParts, 'imageInspector' | 'site' | 'stopping'>): Handlers<'checkImage'> {
  const runs = imageInspector && new ImageCheckRuns(imageInspector, stopping)
  return {
    checkImage: async ({ context, body: { image, wait_s } }) => {
      if (runs === null)
        throw new AppError(
          'NotSupported',
          'image-checks: this server has no container engine; valid: --backend docker',
        )
      const { projectId } = context.get('principal')
      const waited = await runs.wait(projectId, image, wait_s * 1000, context.req.raw.signal)
      if (waited.state === 'running') {
        const { totalBytes, ...progress } = waited.progress
        return { state: 'running', progress: { ...progress, total_bytes: totalBytes } }
      }
      const findings = checkImage(waited.facts, { allowRoot: site.allow.root })
      return { state: 'done', summary: summaryOf(image, waited.facts), findings }
    },
  }
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
