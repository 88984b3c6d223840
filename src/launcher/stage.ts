// Brings in code and inputs before the start; makes the folders of the outputs.
import type { Staging } from '../api/task.ts'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { fetchCode, fetchFolder } from './code.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { inStage, type TaskContext } from './task-context.ts'

/** Throws LauncherError 120 naming the URL, or the signal's reason. */
export async function stageIn(context: TaskContext, signal: AbortSignal): Promise<void> {
  const { code, inputs, outputs } = context.hello
  if (code) {
    await inStage(context, 'code', async () => {
      const { dir, moved } = await fetchCode(context.objects, code.url, code.local_dir, signal)
      return `code: ${moved.objects} objects, ${moved.bytes} bytes of ${code.url} are in ${dir}`
    })
  }
  if (inputs.length > 0) {
    await inStage(context, 'inputs', async () => {
      const sentences = []
      for (const input of inputs) sentences.push(await stageInput(context, input, signal))
      return sentences.join('\n')
    })
  }
  for (const output of outputs) makeOutputFolder(output)
}

async function stageInput(
  { objects }: TaskContext,
  { name, url, local_dir: dir }: Staging,
  signal: AbortSignal,
): Promise<string> {
  const moved = await fetchFolder(objects, `input ${name}`, url, dir, signal)
  return `input ${name}: ${moved.objects} objects, ${moved.bytes} bytes of ${url} are in ${dir}`
}

function makeOutputFolder({ name, local_dir: dir }: Staging): void {
  try {
    makeFolder(dir)
  } catch (error) {
    const message = `output ${name}: uid ${process.getuid?.() ?? -1} cannot make the folder ${dir}: ${messageOf(error)}`
    throw new LauncherError(LAUNCHER_EXIT.stageFailed, 'StageFailed', message)
  }
}
