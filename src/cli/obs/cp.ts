// `ropeway obs cp` and `mv`: copy files and objects, either way or inside the store; `mv` then takes away at the source what
// has arrived.
import type { Command } from 'commander'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { passes } from './filters.ts'
import { parsePlace } from './plan.ts'
import { type CopyFlags, runCopyCommand, withCopyOptions } from './run-copy.ts'

const CP = {
  name: 'cp',
  summary: 'copy files and objects',
  example: `ropeway obs cp train.py obs://training-bucket/code/
ropeway obs cp -r ./code obs://training-bucket/code/      what is in ./code, not ./code itself
ropeway obs cp -r obs://training-bucket/model/ ./model --exclude "*" --include "*.ckpt"

A copy that broke off goes on where it was when the same command is given again.`,
  hint: 'Copy it with -r.',
  move: false,
  done: 'copied',
} as const

const MV = {
  name: 'mv',
  summary: 'move files and objects',
  example: `ropeway obs mv model.bin obs://training-bucket/model/
ropeway obs mv -r obs://training-bucket/run-7/ obs://archive/run-7/ --exclude "*.tmp"

Nothing is taken away before all has arrived. What was left out, or was written to meanwhile, stays.`,
  hint: 'Move it with -r.',
  move: true,
  done: 'moved',
} as const

type Flags = CopyFlags & { readonly recursive?: true }

export const cpCommand = (context: CliContext): Command => commandOf(CP, context)
export const mvCommand = (context: CliContext): Command => commandOf(MV, context)

function commandOf({ name, summary, example, hint, move, done }: typeof CP | typeof MV, context: CliContext) {
  const { command, filters } = withCopyOptions(
    newCommand(context, name, summary, example)
      .argument('<source>', 'file, folder or obs://bucket/key')
      .argument('<destination>', 'file, folder or obs://bucket/key; a folder ends with /')
      .option('-r, --recursive', 'the contents of a folder'),
  )
  return command.action(async (source: string, destination: string, flags: Flags) => {
    const [from, to] = [parsePlace(source), parsePlace(destination)]
    if (filters.length > 0 && !flags.recursive)
      throw new CliError('--include and --exclude choose from a folder', hint)
    const rule = { passes: passes(filters), onlyChanged: false, sizeOnly: false, remove: false }
    const { copyFolder, copyOne } = await import('./copy.ts')
    await runCopyCommand(
      context,
      flags,
      { source, destination },
      (options) => {
        const asked = { ...options, move }
        return flags.recursive ? copyFolder(from, to, rule, asked) : copyOne(from, to, asked)
      },
      done,
    )
  })
}
