// `ropeway obs cp`: copy files and objects, either way or inside the store.
import type { Command } from 'commander'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { passes } from './filters.ts'
import { parsePlace } from './plan.ts'
import { type CopyFlags, runCopyCommand, withCopyOptions } from './run-copy.ts'

const EXAMPLE = `ropeway obs cp train.py obs://training-bucket/code/
ropeway obs cp -r ./code obs://training-bucket/code/      what is in ./code, not ./code itself
ropeway obs cp -r obs://training-bucket/model/ ./model --exclude "*" --include "*.ckpt"

A copy that broke off goes on where it was when the same command is given again.`

type Flags = CopyFlags & { readonly recursive?: true }

export function cpCommand(context: CliContext): Command {
  const { command, filters } = withCopyOptions(
    newCommand(context, 'cp', 'copy files and objects', EXAMPLE)
      .argument('<source>', 'file, folder or obs://bucket/key')
      .argument('<destination>', 'file, folder or obs://bucket/key; a folder ends with /')
      .option('-r, --recursive', 'the contents of a folder'),
  )
  return command.action(async (source: string, destination: string, flags: Flags) => {
    const [from, to] = [parsePlace(source), parsePlace(destination)]
    if (filters.length > 0 && !flags.recursive)
      throw new CliError('--include and --exclude choose from a folder', 'Copy it with -r.')
    const rule = { passes: passes(filters), onlyChanged: false, sizeOnly: false, remove: false }
    const { copyFolder, copyOne } = await import('./copy.ts')
    await runCopyCommand(context, flags, { source, destination }, (options) =>
      flags.recursive ? copyFolder(from, to, rule, options) : copyOne(from, to, options),
    )
  })
}
