// `ropeway obs mv`: copy, and then take away at the source what has arrived.
import type { Command } from 'commander'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { passes } from './filters.ts'
import { parsePlace } from './plan.ts'
import { type CopyFlags, runCopyCommand, withCopyOptions } from './run-copy.ts'

const EXAMPLE = `ropeway obs mv model.bin obs://training-bucket/model/
ropeway obs mv -r obs://training-bucket/run-7/ obs://archive/run-7/ --exclude "*.tmp"

Nothing is taken away before all has arrived. What was left out, or was written to meanwhile, stays.`

type Flags = CopyFlags & { readonly recursive?: true }

export function mvCommand(context: CliContext): Command {
  const { command, filters } = withCopyOptions(
    newCommand(context, 'mv', 'move files and objects', EXAMPLE)
      .argument('<source>', 'file, folder or obs://bucket/key')
      .argument('<destination>', 'file, folder or obs://bucket/key; a folder ends with /')
      .option('-r, --recursive', 'the contents of a folder'),
  )
  return command.action(async (source: string, destination: string, flags: Flags) => {
    const [from, to] = [parsePlace(source), parsePlace(destination)]
    if (filters.length > 0 && !flags.recursive)
      throw new CliError('--include and --exclude choose from a folder', 'Move it with -r.')
    const rule = { passes: passes(filters), onlyChanged: false, sizeOnly: false, remove: false }
    const { copyFolder, copyOne } = await import('./copy.ts')
    await runCopyCommand(
      context,
      flags,
      { source, destination },
      (options) => {
        const moving = { ...options, move: true }
        return flags.recursive ? copyFolder(from, to, rule, moving) : copyOne(from, to, moving)
      },
      'moved',
    )
  })
}
