// A client for the server that flags, environment or data folder name.
import type { RopewayClient } from '../client/ropeway-client.ts'
import type { CliContext } from './context.ts'
import { type ConnectionFlags, loadSettings, securityTokenOf } from './settings.ts'

/** Connects; dispose it when done. Throws CliError when a setting is missing. */
export async function connect(context: CliContext, flags: ConnectionFlags): Promise<RopewayClient> {
  const settings = await loadSettings(context, flags, ['endpoint', 'accessKey', 'secretKey', 'projectId'])
  // Loaded here and not above: help and usage errors must not wait for the HTTP client and the contract.
  const { RopewayClient } = await import('../client/ropeway-client.ts')
  return new RopewayClient({ ...settings, ...securityTokenOf(flags, context.env) })
}
