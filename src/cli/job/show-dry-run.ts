// `--dry-run`: what the server would do, without doing it.
import type { RopewayClient } from '../../client/ropeway-client.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatFields } from '../table.ts'
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
  for (const warning of answer.warnings) await write(stdout, `Warning: ${visible(warning)}\n`, signal)
  await write(stdout, `\nPlan:\n${jsonDocument(answer.plan)}`, signal)
  for (const { task, environment } of answer.environments) {
    const lines = Object.entries(environment).map(([name, value]) => `  ${visible(name)}=${visible(value)}\n`)
    await write(stdout, `\nEnvironment of ${visible(task)}:\n${lines.join('')}`, signal)
  }
}
