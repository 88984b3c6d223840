// `ropeway registry test`: exits 1 when the registry says no.
import type { Command } from 'commander'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { jsonDocument, visible } from '../terminal-text.ts'

type Flags = CommonFlags & { readonly image?: string }

const EXAMPLE = 'ropeway registry test harbor.example.com --image harbor.example.com/team/train:1'

export function testCommand(context: CliContext): Command {
  const command = newCommand(context, 'test', 'ask a registry whether the login opens it', EXAMPLE)
    .argument('<host>', 'the registry')
    .option('--image <image>', 'also look whether this image of it can be pulled')
  return withConnection(withJson(command)).action(async (host: string, flags: Flags) => {
    await using client = await connect(context, flags)
    const result = await client.testRegistry(host, flags.image ?? null, context.signal)
    const text = flags.json ? jsonDocument(result) : `${visible(result.message)}\n`
    await write(result.ok || flags.json ? context.stdout : context.stderr, text, context.signal)
    if (!result.ok) context.setExitCode(EXIT.failed)
  })
}
