// What `obs cp`, `mv` and `sync` share: their options, connecting, showing progress, saying what was done.
import type { Command } from 'commander'
import type { TransferEvent } from '../../storage/transfer/transfer-types.ts'
import { type CommonFlags, wholeNumber, withJson } from '../command.ts'
import type { CliContext } from '../context.ts'
import { EXIT } from '../errors.ts'
import { write } from '../output.ts'
import { dataDirectory } from '../settings.ts'
import { formatSize } from '../table.ts'
import { jsonDocument, jsonLine, visible } from '../terminal-text.ts'
import { connectObjects, withObjects } from './connect-objects.ts'
import type { CopyOptions, CopyResult, PlannedStep } from './copy.ts'
import { filterOptions } from './filters.ts'
import { openProgressBar } from './progress.ts'

export type CopyFlags = CommonFlags & {
  readonly dryRun?: true
  readonly verbose?: true
  readonly progress: boolean
  readonly resume: boolean
  readonly checksum: boolean
  readonly concurrency?: number
}

/** Adds what all of them know. The filters given stand in the returned list once the command runs. */
export function withCopyOptions(command: Command) {
  const { filters, options } = filterOptions()
  for (const option of options) command.addOption(option)
  command
    .option('--dry-run', 'only say what would be done')
    .option('-v, --verbose', 'a line on standard error for every file, and for what had to be tried again')
    .option('--no-progress', 'no progress bar')
    .option('--no-resume', 'leave nothing behind for the next try when the copy breaks off')
    .option('--no-checksum', 'compare sizes and versions of downloads only')
    .option('--concurrency <n>', 'most requests at once', wholeNumber(1))
  return { filters, command: withObjects(withJson(command)) }
}

/** Runs a transfer and prints its result. What was left out goes to standard error, each with its reason. */
export async function runCopyCommand(
  context: CliContext,
  flags: CopyFlags,
  sides: { readonly source: string; readonly destination: string },
  transfer: (options: CopyOptions) => Promise<CopyResult>,
  verb: 'copied' | 'moved' = 'copied',
): Promise<void> {
  const { signal, stdout, stderr } = context
  await using client = await connectObjects(context, flags)
  const bar = flags.progress && !flags.dryRun ? await openProgressBar(context) : undefined
  const stateDir = `${dataDirectory(flags, context.env, context.homeDir)}/transfers`
  const onPlanned = (step: PlannedStep) =>
    write(stdout, flags.json ? jsonLine(step) : plannedLine(step), signal)
  let result: CopyResult
  try {
    result = await transfer({
      ...{ client, signal, concurrency: flags.concurrency, verify: flags.checksum ? 'offered' : 'size' },
      onProgress: bar?.report,
      onEvent: flags.verbose ? (event) => stderr.write(eventLine(event)) : undefined,
      resume: flags.resume ? { stateDir } : undefined,
      onPlanned: flags.dryRun ? onPlanned : undefined,
    })
  } finally {
    bar?.end()
  }
  // As with `aws s3`: whatever is left out is told by the exit code too, though everything else was copied.
  if (result.skipped.length > 0) context.setExitCode(EXIT.leftOut)
  if (flags.json)
    return flags.dryRun ? undefined : write(stdout, jsonDocument({ ...sides, ...result }), signal)
  for (const { name, reason } of result.skipped)
    await write(stderr, `left out: ${visible(name)}: ${reason}\n`, signal)
  if (!flags.dryRun) await write(stdout, `${summary(result, verb)}\n`, signal)
}

function summary({ files, bytes, kept = 0, unchanged, removed }: CopyResult, verb: string): string {
  const what = files === 1 ? '1 file' : `${files} files`
  const before = kept > 0 ? `, ${kept} of them by an earlier try` : ''
  const same = unchanged > 0 ? `, ${unchanged} unchanged` : ''
  const gone = removed > 0 && verb === 'copied' ? `, ${removed} removed` : ''
  return `${what} ${verb} (${formatSize(bytes)})${before}${same}${gone}`
}

function plannedLine(step: PlannedStep): string {
  if (step.kind === 'remove') return `(dry run) remove ${visible(step.what)}\n`
  return `(dry run) copy ${visible(step.from)} to ${visible(step.to)} (${formatSize(step.bytes)})\n`
}

function eventLine(event: TransferEvent): string {
  if (event.kind === 'throttled') return `the store is busy: ${event.width} requests at once\n`
  const name = visible(event.name)
  if (event.kind === 'retry') return `${name}: tried again: ${visible(event.reason)}\n`
  if (event.kind === 'changed') return `${name}: changed while it was sent, sent again\n`
  return `${event.kind === 'kept' ? 'there already' : 'copied'}: ${name}\n`
}
