// `ropeway job list`: the newest jobs first.
import type { Command } from 'commander'
import type { TrainingJob } from '../../api/job-answer.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, wholeNumber, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatDuration, formatTable, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'

const EXAMPLE = 'ropeway job list --phase Running --limit 10'

type Flags = CommonFlags & {
  readonly phase?: string[]
  readonly match?: string
  readonly limit: number
  readonly page: number
}

export function listCommand(context: CliContext): Command {
  const command = newCommand(context, 'list', 'list jobs, newest first', EXAMPLE)
    .option('--phase <phase>', 'only jobs in this phase (may be repeated)', (text, all: string[] = []) => [
      ...all,
      text,
    ])
    .option('--match <text>', 'only jobs with this text in their name')
    .option('--limit <n>', 'jobs on a page, at most 50', wholeNumber(1), 20)
    .option('--page <n>', 'page, from 1', wholeNumber(1), 1)
  return withConnection(withJson(command)).action(async (flags: Flags) => {
    await using client = await connect(context, flags)
    const filters = [
      ...(flags.phase ? [{ key: 'phase', operator: 'in', value: flags.phase }] : []),
      ...(flags.match ? [{ key: 'name', operator: 'like', value: [flags.match] }] : []),
    ]
    const query = { limit: flags.limit, offset: flags.page - 1, filters }
    const found = await client.search(query, context.signal)
    if (flags.json) return write(context.stdout, jsonDocument(found), context.signal)
    if (found.items.length === 0) return write(context.stdout, 'No jobs.\n', context.signal)
    await write(
      context.stdout,
      formatTable(['NAME', 'ID', 'PHASE', '>TIME', 'CREATED'], found.items.map(row)),
      context.signal,
    )
    const left = found.count - found.items.length - query.offset * query.limit
    if (left > 0) await write(context.stderr, `${left} more: --page ${flags.page + 1}\n`, context.signal)
  })
}

const row = ({ metadata, status }: TrainingJob): string[] => [
  metadata.name,
  metadata.id,
  status.phase,
  formatDuration(status.duration),
  formatTime(metadata.create_time),
]
