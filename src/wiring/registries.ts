// Registry logins between rows and the engine.
import type { DockerBackendOptions } from '../backend/docker/backend.ts'
import type { Engine } from '../backend/docker/engine.ts'
import { loginFor, type RegistryStore, type RegistryTester } from '../job/registries.ts'

/** The login a pull sends along, from the project's own. */
export const credentialsOf =
  (registries: RegistryStore): NonNullable<DockerBackendOptions['credentials']> =>
  async (projectId, image) => {
    const login = await loginFor(registries, projectId, image)
    return login && { username: login.userName, password: login.password, serveraddress: login.host }
  }

/** null for a backend that pulls nothing. */
export async function openRegistryTester(engine: Engine | null): Promise<RegistryTester | null> {
  if (engine === null) return null
  const { createRegistryTester } = await import('../backend/docker/registry.ts')
  return createRegistryTester(engine.docker, engine.socket)
}
