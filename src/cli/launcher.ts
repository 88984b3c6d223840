// `ropeway launcher`: the program that starts ranks, for images that use nothing else of Ropeway. Needs no server.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { newCommand, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { CliError } from './errors.ts'
import { write } from './output.ts'
import { jsonDocument, visible } from './terminal-text.ts'

export function launcherCommand(context: CliContext): Command {
  const parent = newCommand(context, 'launcher', 'take the launcher into images of your own')
  const command = newCommand(
    context,
    'export',
    'write the launcher and all it needs into a new folder, to be /opt/ropeway in a container',
    'ropeway launcher export ./ropeway-launcher',
  )
    .argument('<dir>', 'the folder to make')
    .action((dir: string, flags: { readonly json?: true }) =>
      exportTo(context, resolve(dir), flags.json === true),
    )
  parent.addCommand(withJson(command))
  return parent
}

async function exportTo(context: CliContext, dir: string, json: boolean): Promise<void> {
  try {
    await context.exportLauncher(dir)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(`The launcher cannot be written: ${detail}`, 'Name a folder that is not there yet.')
  }
  const text = json
    ? jsonDocument({ dir })
    : `${visible(dir)} is ready; in a container it is /opt/ropeway, and starts as /opt/ropeway/launcher\n`
  await write(context.stdout, text, context.signal)
}
