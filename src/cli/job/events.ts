// `ropeway job events`: what happened, oldest first.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, jsonLine } from '../terminal-text.ts'
import { findJobId } from './find-job.ts'
import { eventLine } from './show-follow.ts'

type Flags = CommonFlags & { readonly follow?: true }

export function eventsCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'events',
    'show what happened to a job',
    'ropeway job events digits --follow',
  )
    .argument('<job>', 'id or name')
    .option('--follow', 'go on until the job has ended')
  withJson(command, 'print one JSON document; with --follow one a line')
  return withConnection(command).action(async (name: string, flags: Flags) => {
    const { stdout, signal } = context
    await using client = await connect(context, flags)
    const id = await findJobId(client, name, signal)
    if (!flags.follow) {
      const events = await Array.fromAsync(client.allEvents(id, {}, signal))
      const text = flags.json ? jsonDocument(events) : events.map(eventLine).join('')
      return write(stdout, text, signal)
    }
    const { followJob } = await import('../../client/follow.ts')
    for await (const item of followJob(client, id, { signal, streams: [] }))
      if (item.kind === 'event')
        await write(stdout, flags.json ? jsonLine(item.event) : eventLine(item.event), signal)
  })
}
