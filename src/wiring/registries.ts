// Registry logins between rows and the engine.
import type { DockerBackendOptions } from '../backend/docker/backend.ts'
import type { Config } from '../config.ts'
import { loginFor, type RegistryStore, type RegistryTester } from '../job/registries.ts'
import type { Site } from '../job/site.ts'
import { engineSocket } from './backend.ts'

/** The login a pull sends along, from the project's own. */
export const credentialsOf =
  (registries: RegistryStore): NonNullable<DockerBackendOptions['credentials']> =>
  async (projectId, image) => {
    const login = await loginFor(registries, projectId, image)
    return login && { username: login.userName, password: login.password, serveraddress: login.host }
  }

/** null for a backend that pulls nothing. */
export async function openRegistryTester(
  config: Config,
  site: Site,
  backend: string,
): Promise<RegistryTester | null> {
  if (backend !== 'docker') return null
  const { default: Docker } = await import('dockerode')
  const { createRegistryTester } = await import('../backend/docker/registry.ts')
  const socket = engineSocket(config, site)
  return createRegistryTester(new Docker({ socketPath: socket }), socket)
}
