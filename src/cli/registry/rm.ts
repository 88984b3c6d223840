// `ropeway registry rm`
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

export function rmCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'rm',
    'forget a login',
    'ropeway registry rm harbor.example.com',
  ).argument('<host>', 'the registry')
  return withConnection(withJson(command)).action(async (host: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    await client.deleteRegistry(host, context.signal)
    const text = flags.json
      ? jsonDocument({ host, deleted: true })
      : `The login of ${visible(host)} is gone\n`
    await write(context.stdout, text, context.signal)
  })
}
