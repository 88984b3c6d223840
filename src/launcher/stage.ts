// Brings in code and inputs before the start.
import type { Staging } from '../api/task.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { fetchCode, fetchFolder } from './code.ts'
import { LauncherError } from './launcher-error.ts'
import { leftOutSentence } from './left-out.ts'
import { inStage, type TaskContext } from './task-context.ts'
import { tellingProgress } from './transfer-progress.ts'

/** Throws LauncherError 120 naming the URL, or the signal's reason. */
export async function stageIn(context: TaskContext, signal: AbortSignal): Promise<void> {
  const { code, inputs } = context.hello
  if (code) {
    await inStage(context, 'code', async () => {
      const { dir, moved } = await tellingProgress(context, 'code', 'code', (onProgress) =>
        fetchCode(context.objects, code.url, code.local_dir, signal, onProgress),
      )
      return `code: ${moved.objects} objects, ${moved.bytes} bytes of ${code.url} are in ${dir}`
    })
  }
  if (inputs.length === 0) return
  await inStage(context, 'inputs', async () => {
    const sentences = []
    for (const input of inputs) sentences.push(await stageInput(context, input, signal))
    return sentences.join('\n')
  })
}

/**
 * The seed document's rule: names of more than 255 characters are not used, the others are; when none is left, the job
 * fails. Linux has the same limit, in bytes.
 */
async function stageInput(
  context: TaskContext,
  { name, url, local_dir: dir }: Staging,
  signal: AbortSignal,
): Promise<string> {
  const moved = await tellingProgress(context, 'inputs', `input ${name}`, (onProgress) =>
    fetchFolder(context.objects, `input ${name}`, url, dir, signal, onProgress),
  )
  const missing = leftOutSentence(moved.leftOut, 'objects')
  if (missing !== null && moved.objects === 0)
    throw new LauncherError(
      LAUNCHER_EXIT.stageFailed,
      'NoUsableData',
      `input ${name}: no data of ${url} can be used for training; ${missing}`,
    )
  if (missing !== null)
    context.tell({
      kind: 'problem',
      level: 'Warning',
      reason: 'InputObjectsLeftOut',
      message: `Input ${name}: ${missing}. The training uses the other ${moved.objects} objects of ${url}.`,
    })
  return `input ${name}: ${moved.objects} objects, ${moved.bytes} bytes of ${url} are in ${dir}`
}
