// `ropeway storage test`: exits 1 when one of the buckets cannot be had.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

export function testCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'test',
    'ask a store for its buckets',
    'ropeway storage test beijing',
  ).argument('<name>', 'the connection')
  return withConnection(withJson(command)).action(async (name: string, flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const result = await client.call(
      'testStorageConnection',
      { params: { connection: name } },
      context.signal,
    )
    const lines = result.buckets.map(({ bucket, message }) => `obs://${bucket}: ${visible(message)}\n`)
    if (result.dialect !== null) lines.push(`Spoken: ${visible(result.dialect)}\n`)
    const text = flags.json ? jsonDocument(result) : lines.join('')
    await write(result.ok || flags.json ? context.stdout : context.stderr, text, context.signal)
    if (!result.ok) context.setExitCode(EXIT.failed)
  })
}
