// `ropeway obs cp`: copy files and objects, either way or inside the store.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { parsePlace } from './plan.ts'

const EXAMPLE = `ropeway obs cp train.py obs://training-bucket/code/
ropeway obs cp -r ./code obs://training-bucket/code/      what is in ./code, not ./code itself
ropeway obs cp -r obs://training-bucket/model/ ./model`

type Flags = CommonFlags & { readonly recursive?: true }

export function cpCommand(context: CliContext): Command {
  const command = newCommand(context, 'cp', 'copy files and objects', EXAMPLE)
    .argument('<source>', 'file, folder or obs://bucket/key')
    .argument('<destination>', 'file, folder or obs://bucket/key; a folder ends with /')
    .option('-r, --recursive', 'the contents of a folder')
  return withConnection(withJson(command)).action(
    async (source: string, destination: string, flags: Flags) => {
      const [from, to] = [parsePlace(source), parsePlace(destination)]
      const { copy } = await import('./copy.ts')
      const { runCopy } = await import('./run-copy.ts')
      await runCopy(context, flags, { source, destination }, (options) =>
        copy(from, to, flags.recursive === true, options),
      )
    },
  )
}
