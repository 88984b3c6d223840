// `ropeway registry list`
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatTable, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'

export function listCommand(context: CliContext): Command {
  const command = newCommand(context, 'list', 'list logins', 'ropeway registry list')
  return withConnection(withJson(command)).action(async (flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const found = await client.registries(context.signal)
    const rows = found.registries.map((login) => [login.host, login.user_name, formatTime(login.update_time)])
    const text = flags.json ? jsonDocument(found) : formatTable(['REGISTRY', 'USER', 'CHANGED'], rows)
    await write(context.stdout, text, context.signal)
  })
}
