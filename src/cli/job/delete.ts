// `ropeway job delete`: forget a job; a live one is stopped first.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'

export function deleteCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'delete',
    'delete a job; a running one is stopped first',
    'ropeway job delete digits',
  ).argument('<job>', 'id or name')
  return withConnection(withJson(command)).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const id = await findJobId(client, name, context.signal)
    await client.delete(id, context.signal)
    const text = flags.json ? jsonDocument({ id, deleted: true }) : `Job ${visible(name)} is being deleted\n`
    await write(context.stdout, text, context.signal)
  })
}
