// `--dry-run`: what the server would do, without doing it.
import type { DryRunResponse } from '../../api/own.ts'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatFields, formatSize } from '../table.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import type { JobDocument } from './job-file.ts'

/** Asks and prints: where it would run, when, with which requests and environment. */
export async function showDryRun(
  context: CliContext,
  client: RopewayClient,
  body: JobDocument,
  json: boolean,
): Promise<void> {
  const { stdout, signal } = context
  const answer = await client.dryRun(body as Parameters<typeof client.dryRun>[0], signal)
  if (json) return write(stdout, jsonDocument(answer), signal)
  const head = formatFields([
    ['Backend', answer.backend],
    ['Starts', answer.admission.admitted ? 'at once' : `later: ${answer.admission.reason}`],
  ])
  await write(stdout, head, signal)
  for (const { task, hostId, physicalIds } of answer.admission.placements ?? []) {
    const devices = physicalIds.length > 0 ? `, devices ${physicalIds.join(', ')}` : ''
    await write(stdout, `${visible(task)}: ${visible(hostId)}${devices}\n`, signal)
  }
  if (answer.container) await write(stdout, containerText(answer.container), signal)
  for (const warning of answer.warnings) await write(stdout, `Warning: ${visible(warning)}\n`, signal)
  await write(stdout, `\nPlan:\n${jsonDocument(answer.plan)}`, signal)
  for (const { task, environment } of answer.environments) {
    const lines = Object.entries(environment).map(([name, value]) => `  ${visible(name)}=${visible(value)}\n`)
    await write(stdout, `\nEnvironment of ${visible(task)}:\n${lines.join('')}`, signal)
  }
}

/** What every task gets beyond its image. */
function containerText(container: NonNullable<DryRunResponse['container']>): string {
  const { shmBytes, ulimits, volumes, devices, capabilities, hostNetwork, cacheDir, pullPolicy } = container
  const limit = (value: number): string => (value === -1 ? 'unlimited' : String(value))
  const mounted = volumes.map(({ source: { server, path }, target, readOnly }) => {
    const source = server === undefined ? path : `${server}:${path}`
    return `${source} at ${target} (${readOnly ? 'read only' : 'read and write'})`
  })
  return formatFields([
    ['/dev/shm', shmBytes === null ? 'half of the memory' : formatSize(shmBytes)],
    ['Ulimits', ulimits.map(({ name, soft, hard }) => `${name}=${limit(soft)}:${limit(hard)}`).join(' ')],
    ['Volumes', mounted.join('; ') || 'none'],
    ['Devices', devices.join(' ')],
    ['Capabilities', capabilities.join(' ')],
    ['Network', hostNetwork ? 'of the host' : ''],
    ['/cache', cacheDir === null ? '' : `on ${cacheDir}`],
    ['Pull', pullPolicy],
  ])
}
