// `ropeway obs sync`: copy only what has changed, and with --delete remove what the source does not have.
import type { Command } from 'commander'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { passes } from './filters.ts'
import { parsePlace } from './plan.ts'
import { type CopyFlags, runCopyCommand, withCopyOptions } from './run-copy.ts'

const EXAMPLE = `ropeway obs sync ./data obs://training-bucket/data/
ropeway obs sync obs://training-bucket/model/ ./model --delete --dry-run

Copied is what is missing, has another size, or is newer at the source (between objects: another
digest). Removed is, with --delete, what the source does not have and the filters let pass; only
after everything was copied.`

type Flags = CopyFlags & { readonly delete?: true; readonly sizeOnly?: true }

export function syncCommand(context: CliContext): Command {
  const { command, filters } = withCopyOptions(
    newCommand(context, 'sync', 'copy only what has changed', EXAMPLE)
      .argument('<source>', 'folder or obs://bucket/folder/')
      .argument('<destination>', 'folder or obs://bucket/folder/')
      .option('-r, --recursive', 'always so; taken for the sake of habit')
      .option('--delete', 'remove at the destination what the source does not have')
      .option('--size-only', 'what has the same size is the same'),
  )
  return command.action(async (source: string, destination: string, flags: Flags) => {
    const [from, to] = [parsePlace(source), parsePlace(destination)]
    const rule = {
      passes: passes(filters),
      onlyChanged: true,
      sizeOnly: flags.sizeOnly === true,
      remove: flags.delete === true,
    }
    const { copyFolder } = await import('./copy.ts')
    await runCopyCommand(context, flags, { source, destination }, (options) =>
      copyFolder(from, to, rule, options),
    )
  })
}
