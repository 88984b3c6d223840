// `ropeway job show`: one job, what was asked and how it stands.
import type { Command } from 'commander'
import type { TrainingJob } from '../../api/job-answer.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatDuration, formatFields, formatTable, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'

export function showCommand(context: CliContext): Command {
  const command = newCommand(context, 'show', 'show one job', 'ropeway job show digits').argument(
    '<job>',
    'id or name',
  )
  return withConnection(withJson(command)).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const job = await client.show(await findJobId(client, name, context.signal), context.signal)
    await write(context.stdout, flags.json ? jsonDocument(job) : describeJob(job), context.signal)
  })
}

/** A job for people: only what has a value. */
export function describeJob({ metadata, status, algorithm, spec }: TrainingJob): string {
  const at = (value: unknown, ...path: string[]): string | undefined => {
    const found = path.reduce<unknown>(
      (part, key) =>
        typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined,
      value,
    )
    return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined
  }
  const waiting = status.waiting
  const fields = formatFields([
    ['Name', metadata.name],
    ['Id', metadata.id],
    ['Description', metadata.description],
    [
      'Phase',
      status.phase === status.secondary_phase ? status.phase : `${status.phase} (${status.secondary_phase})`,
    ],
    ['Waiting', waiting ? `position ${waiting.position}: ${waiting.reason}` : undefined],
    ['Message', status.message],
    ['Exit code', status.exit_code == null ? undefined : String(status.exit_code)],
    ['Created', formatTime(metadata.create_time)],
    ['Started', formatTime(status.start_time)],
    ['Ran for', formatDuration(status.duration)],
    ['Image', at(algorithm, 'engine', 'image_url')],
    ['Command', at(algorithm, 'command')],
    ['Code', at(algorithm, 'code_dir')],
    ['Boot file', at(algorithm, 'boot_file')],
    ['Flavor', at(spec, 'resource', 'flavor_id')],
    ['Nodes', at(spec, 'resource', 'node_count')],
  ])
  if (status.task_statuses.length === 0) return fields
  const rows = status.task_statuses.map(({ task, exit_code, message }) => [
    task,
    exit_code === null ? '' : String(exit_code),
    message,
  ])
  return `${fields}\n${formatTable(['TASK', '>EXIT', 'MESSAGE'], rows)}`
}
