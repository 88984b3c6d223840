// A client for the object store that flags, environment or data folder name.
import type { ObjectClient } from '../../storage/object-client.ts'
import type { CliContext } from '../context.ts'
import { type ConnectionFlags, loadSettings, securityTokenOf } from '../settings.ts'

/** Connects; dispose it when done. Throws CliError when a setting is missing. */
export async function connectObjects(context: CliContext, flags: ConnectionFlags): Promise<ObjectClient> {
  const settings = await loadSettings(context, flags, ['objectEndpoint', 'accessKey', 'secretKey'])
  const { ObjectClient } = await import('../../storage/object-client.ts')
  const { objectEndpoint: endpoint, accessKey, secretKey } = settings
  const { securityToken: sessionToken } = securityTokenOf(flags, context.env)
  return new ObjectClient({ target: { endpoint, accessKey, secretKey, sessionToken } })
}
