// What `obs cp` and `obs sync` share: connect, show progress, say what was done.
import type { CommonFlags } from '../command.ts'
import type { CliContext } from '../context.ts'
import { write } from '../output.ts'
import { formatSize } from '../table.ts'
import { jsonDocument, visible } from '../terminal-text.ts'
import { connectObjects } from './connect-objects.ts'
import type { CopyOptions, CopyResult } from './copy.ts'
import { openProgressBar } from './progress.ts'

/** Runs a transfer and prints its result. What was left out goes to standard error, each with its reason. */
export async function runCopy(
  context: CliContext,
  flags: CommonFlags,
  sides: { readonly source: string; readonly destination: string },
  transfer: (options: CopyOptions) => Promise<CopyResult>,
): Promise<void> {
  const { signal, stdout, stderr } = context
  await using client = await connectObjects(context, flags)
  const bar = await openProgressBar(context)
  let result: CopyResult
  try {
    result = await transfer({ client, signal, onProgress: bar.report })
  } finally {
    bar.end()
  }
  if (flags.json) return write(stdout, jsonDocument({ ...sides, ...result }), signal)
  for (const { name, reason } of result.skipped)
    await write(stderr, `left out: ${visible(name)}: ${reason}\n`, signal)
  const unchanged = result.unchanged === undefined ? '' : `, ${result.unchanged} unchanged`
  const what = result.files === 1 ? '1 file' : `${result.files} files`
  await write(stdout, `${what} copied (${formatSize(result.bytes)})${unchanged}\n`, signal)
}
