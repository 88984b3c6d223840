// Sends outputs out once, after the user's program ended, whether well or not: checkpoints of a failed run count too.

import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { inStage, type TaskContext } from './task-context.ts'

/**
 * Uploads the contents of every output's folder. A stop request leaves it the grace to finish.
 * Throws LauncherError 125 naming the output and its URL.
 */
export async function uploadOutputs(context: TaskContext, stop: AbortSignal): Promise<void> {
  const { outputs, grace_s: graceS } = context.hello
  if (outputs.length === 0) return
  const limit = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onStop = () => {
    timer = setTimeout(
      () => limit.abort(new Error('stopped before all outputs were uploaded')),
      graceS * 1000,
    )
  }
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
  try {
    await inStage(context, 'outputs', async () => {
      const sentences: string[] = []
      for (const { name, url, local_dir: dir } of outputs) {
        const moved = await context.objects.upload(dir, url, limit.signal).catch((error: unknown) => {
          const message = `output ${name}: ${dir} cannot be uploaded to ${url}: ${messageOf(error)}`
          throw new LauncherError(LAUNCHER_EXIT.uploadFailed, 'UploadFailed', message, { cause: error })
        })
        sentences.push(
          `output ${name}: ${moved.objects} objects, ${moved.bytes} bytes of ${dir} are at ${url}`,
        )
      }
      return sentences.join('\n')
    })
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', onStop)
  }
}
