// `ropeway storage rm`
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

export function rmCommand(context: CliContext): Command {
  const command = newCommand(context, 'rm', 'forget a connection', 'ropeway storage rm beijing').argument(
    '<name>',
    'the connection',
  )
  return withConnection(withJson(command)).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    await client.call('deleteStorageConnection', { params: { connection: name } }, context.signal)
    const text = flags.json
      ? jsonDocument({ name, deleted: true })
      : `The connection ${visible(name)} is gone; what is in the store stays there\n`
    await write(context.stdout, text, context.signal)
  })
}
