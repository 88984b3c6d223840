// `ropeway storage list`
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatTable, formatTime } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'

export function listCommand(context: CliContext): Command {
  const command = newCommand(context, 'list', 'list connections', 'ropeway storage list')
  return withConnection(withJson(command)).action(async (flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const found = await client.call('listStorageConnections', {}, context.signal)
    const rows = found.connections.map(({ name, endpoint, buckets, access_key, update_time }) => [
      name,
      endpoint,
      buckets.join(' '),
      access_key,
      formatTime(update_time),
    ])
    const heading = ['NAME', 'ENDPOINT', 'BUCKETS', 'KEY', 'CHANGED']
    await write(context.stdout, flags.json ? jsonDocument(found) : formatTable(heading, rows), context.signal)
  })
}
