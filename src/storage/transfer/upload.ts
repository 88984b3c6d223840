// Uploads a whole folder, one file, or files one by one.
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { folderPrefix } from '../object-url.ts'
import { createEngine, type EngineOptions } from './engine.ts'
import { planUpload } from './plan-upload.ts'
import { runUpload } from './run-upload.ts'
import { type Sent, type SentFile, sendFile, sendingContext } from './send-file.ts'
import type { TransferCounts, TransferOptions } from './transfer-types.ts'
import { walkFolder } from './walk-folder.ts'

/** Sends files one by one, whenever the caller wants, several at once: they share buffers, pace and progress. */
export type Sender = (file: SentFile, signal: AbortSignal) => Promise<Sent>

/** For callers that decide themselves what goes where. What it throws is what `sendFile` throws. */
export function openSender(
  options: EngineOptions,
  totals: { readonly files: number; readonly bytes: number } = { files: 0, bytes: 0 },
): Sender {
  const context = sendingContext(createEngine(options, totals))
  return async (file, signal) => {
    const sent = await sendFile({ ...context, engine: { ...context.engine, signal } }, file)
    context.engine.counter.file()
    return sent
  }
}

/** Uploads one file. Throws like `sendFile`. */
export async function uploadFile(
  options: TransferOptions & { readonly path: string; readonly key: string },
): Promise<Sent> {
  const path = resolve(options.path)
  const { size } = await stat(path)
  const send = openSender(options, { files: 1, bytes: size })
  const signal = options.signal ?? new AbortController().signal
  return send({ name: basename(path), path, key: options.key }, signal)
}

/**
 * Uploads the contents of a folder under `prefix` (taken as a folder, with or without its slash). Empty folders
 * become folder markers. What is left out stands in `skipped`. Throws like `runUpload`, and TransferError NotAFolder.
 */
export async function uploadFolder(
  options: TransferOptions & { readonly dir: string; readonly prefix: string },
): Promise<TransferCounts> {
  const prefix = folderPrefix(options.prefix)
  const dir = resolve(options.dir)
  const plan = planUpload(await walkFolder(dir, prefix, options.signal), prefix)
  return runUpload(plan, { ...options, source: `${dir} as ${prefix}` })
}
