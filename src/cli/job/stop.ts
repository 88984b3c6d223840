// `ropeway job stop`: ask a job to end.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'

export function stopCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'stop',
    'stop a job',
    'ropeway job stop digits && ropeway job wait digits',
  ).argument('<job>', 'id or name')
  withJson(command, 'print the job document')
  return withConnection(command).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const job = await client.terminate(await findJobId(client, name, context.signal), context.signal)
    const text = flags.json
      ? jsonDocument(job)
      : `Job ${visible(job.metadata.name)} is ${visible(job.status.phase)}\n`
    await write(context.stdout, text, context.signal)
  })
}
