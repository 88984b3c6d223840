// Looks into images through the engine that tasks run on.
import process from 'node:process'
import type { Engine } from '../backend/docker/engine.ts'
import type { ImageInspector } from '../job/ports.ts'
import type { RegistryStore } from '../job/registries.ts'
import type { Site } from '../job/site.ts'
import type { Logger } from '../logger.ts'
import { instanceOf } from './backend.ts'
import { credentialsOf } from './registries.ts'

/** `process.arch` as images name it. */
const MACHINES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const SWEEP_TIMEOUT_MS = 30_000

export type ImageInspectorParts = {
  readonly serveId: string
  readonly registries: RegistryStore
  readonly logger: Logger
}

/** null for a backend without images. */
export async function openImageInspector(
  engine: Engine | null,
  site: Site,
  { serveId, registries, logger }: ImageInspectorParts,
): Promise<(ImageInspector & AsyncDisposable) | null> {
  if (engine === null) return null
  const { ImagePuller } = await import('../backend/docker/image.ts')
  const { DockerImageInspector } = await import('../backend/docker/inspect-image.ts')
  const puller = new ImagePuller(engine.docker)
  const inspector = new DockerImageInspector({
    engine,
    instanceId: instanceOf(serveId),
    machine: MACHINES[process.arch] ?? process.arch,
    pullPolicy: site.pullPolicy,
    ensure: (request, tell, signal) => puller.ensure(request, tell, signal),
    credentials: credentialsOf(registries),
  })
  // They cost nothing but a name; a server must not fail to start for them.
  await inspector.sweep(AbortSignal.timeout(SWEEP_TIMEOUT_MS)).catch((error: unknown) => {
    logger.warn({ error: String(error) }, 'containers of earlier image checks could not be removed')
  })
  return inspector
}
