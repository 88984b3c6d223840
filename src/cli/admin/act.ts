// What all commands of `ropeway admin` that ask the server do alike.
import type { Command } from 'commander'
import type { RopewayClient } from '../../client/ropeway-client.ts'
import { connect } from '../client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { jsonDocument } from '../terminal-text.ts'

/** The document for --json, and the same in words. */
export type Said = { readonly document: unknown; readonly text: string }

export type Act<F> = {
  readonly name: string
  readonly summary: string
  readonly example: string
  /** Name and explanation of each word that follows. */
  readonly words?: readonly (readonly [name: string, says: string])[]
  readonly options?: (command: Command) => Command
  readonly run: (client: RopewayClient, words: readonly string[], flags: F & CommonFlags) => Promise<Said>
}

/** One command that asks the server once and says what came of it. */
export function actCommand<F>(context: CliContext, act: Act<F>): Command {
  const command = newCommand(context, act.name, act.summary, act.example)
  for (const [name, says] of act.words ?? []) command.argument(name, says)
  const complete = withConnection(withJson(act.options?.(command) ?? command))
  return complete.action(async () => {
    const flags = complete.opts<F & CommonFlags>()
    await using client = await connect(context, flags)
    const { document, text } = await act.run(client, complete.args, flags)
    await write(context.stdout, flags.json ? jsonDocument(document) : text, context.signal)
  })
}
