// `ropeway job tasks`: the containers of a job and where they run.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatTable } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'

export function tasksCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'tasks',
    'list the tasks of a job and where they run',
    'ropeway job tasks digits',
  ).argument('<job>', 'id or name')
  return withConnection(withJson(command)).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const tasks = await client.tasks(await findJobId(client, name, context.signal), context.signal)
    if (flags.json) return write(context.stdout, jsonDocument(tasks), context.signal)
    const rows = tasks.map(({ task, ip, host_ip, schedule_count }) => [
      task,
      ip,
      host_ip,
      String(schedule_count),
    ])
    await write(context.stdout, formatTable(['TASK', 'IP', 'HOST IP', '>ATTEMPT'], rows), context.signal)
  })
}
