// `ropeway obs sync`: copy only what has changed.
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withConnection, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { parsePlace } from './plan.ts'

const EXAMPLE = `ropeway obs sync ./data obs://training-bucket/data/
ropeway obs sync obs://training-bucket/model/ ./model

Copied is what is missing, has another size, or is newer at the source (between objects: another
digest). Nothing is removed.`

export function syncCommand(context: CliContext): Command {
  const command = newCommand(context, 'sync', 'copy only what has changed', EXAMPLE)
    .argument('<source>', 'folder or obs://bucket/folder/')
    .argument('<destination>', 'folder or obs://bucket/folder/')
    .option('-r, --recursive', 'always so; taken for the sake of habit')
  return withConnection(withJson(command)).action(
    async (source: string, destination: string, flags: CommonFlags) => {
      const [from, to] = [parsePlace(source), parsePlace(destination)]
      const { syncFolders } = await import('./sync-folders.ts')
      const { runCopy } = await import('./run-copy.ts')
      await runCopy(context, flags, { source, destination }, (options) => syncFolders(from, to, options))
    },
  )
}
