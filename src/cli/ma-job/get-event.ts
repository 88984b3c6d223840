// `ropeway ma-job get-event`: what happened, oldest first.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import type { CliContext } from '../context.ts'
import { eventLine } from '../job/show-follow.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'
import { maCommand, withJobId } from './command.ts'

export function getEventCommand(context: CliContext): Command {
  const { command, action } = maCommand<{ jobId: string }>(
    context,
    'get-event',
    'show what happened to a job',
    'ropeway ma-job get-event -i ID',
  )
  withJobId(command)
  return action(async ({ jobId, ...flags }) => {
    await using client = await connect(context, flags)
    const events = await Array.fromAsync(client.allEvents(jobId, {}, context.signal))
    const text = flags.json ? jsonDocument(events) : events.map(eventLine).join('')
    await write(context.stdout, text, context.signal)
  })
}
