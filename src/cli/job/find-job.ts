// People remember names, the API wants ids.
import type { RopewayClient } from '../../client/ropeway-client.ts'
import { CliError, EXIT } from '../errors.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The id of a job given by id or by its exact name. Throws CliError (exit 1) when no job has that name. */
export async function findJobId(
  client: RopewayClient,
  idOrName: string,
  signal: AbortSignal,
): Promise<string> {
  if (UUID.test(idOrName)) return idOrName
  if (/^[A-Za-z0-9_-]{1,64}$/.test(idOrName)) {
    const filters = [{ key: 'name', operator: 'in', value: [idOrName] }]
    const { items } = await client.search({ filters, limit: 50 }, signal)
    const found = items.find((job) => job.metadata.name === idOrName)
    if (found) return found.metadata.id
  }
  throw new CliError(
    `There is no job with the id or name ${JSON.stringify(idOrName)}`,
    'List the jobs: ropeway job list',
    EXIT.failed,
  )
}
