// Outputs of a task on their way to object storage: changed files every so often while the program runs, the rest after
// it ended, however it did (checkpoints of a failed run count too), and a marker last when all went well.
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { sleep } from '../lib/abort.ts'
import { makeFolder } from '../lib/make-folder.ts'
import { LauncherError, messageOf } from './launcher-error.ts'
import { leftOutSentence } from './left-out.ts'
import { OutputSync } from './output-sync.ts'
import { inStage, type TaskContext } from './task-context.ts'
import { tellingProgress } from './transfer-progress.ts'

/** Disposing ends what is under way. */
export class OutputUploads implements Disposable {
  readonly #context: TaskContext
  readonly #outputs: readonly OutputSync[]
  readonly #ended = new AbortController()
  readonly #cut = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  constructor(context: TaskContext) {
    this.#context = context
    this.#outputs = context.hello.outputs.map(
      (output) => new OutputSync(output, context.hello, context.objects),
    )
  }

  /** Makes the local folders, and fills those that go on where an earlier job ended. Throws LauncherError 120. */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#outputs.length === 0) return
    const stage = this.#outputs.some(({ output }) => output.prefetch) ? 'inputs' : null
    const work = async (): Promise<string> => {
      const sentences: string[] = []
      for (const sync of this.#outputs) sentences.push(...(await this.#prepareOne(sync, signal)))
      return sentences.join('\n')
    }
    if (stage === null) await work()
    else await inStage(this.#context, stage, work)
  }

  /** Begins to send changed files in the background. */
  start(): void {
    this.#running = Promise.all(this.#outputs.map((sync) => this.#keepSending(sync)))
  }

  /**
   * Sends the rest until `limit` aborts. With `whole`, all went well and markers are written.
   * Throws LauncherError 125 naming each output that failed and its URL, once the others are up.
   */
  async finish(limit: AbortSignal, whole: boolean): Promise<void> {
    this.#ended.abort()
    if (this.#outputs.length === 0) return
    // What is half way through goes on: beginning anew would take longer.
    await Promise.race([this.#running, aborted(limit)])
    await inStage(this.#context, 'outputs', async () => {
      // Side by side: one whose store is away must not use up the time of the others.
      const ends = await Promise.allSettled(this.#outputs.map((sync) => this.#finishOne(sync, whole, limit)))
      const done = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
      const failures: unknown[] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
      if (failures.length === 0) return done.join('\n')
      for (const sentence of done) this.#context.log.info(sentence)
      throw new LauncherError(
        LAUNCHER_EXIT.uploadFailed,
        'UploadFailed',
        failures.map(messageOf).join('; '),
        { cause: failures.length === 1 ? failures[0] : new AggregateError(failures) },
      )
    })
  }

  [Symbol.dispose](): void {
    this.#ended.abort()
    this.#cut.abort()
  }

  async #prepareOne(sync: OutputSync, signal: AbortSignal): Promise<string[]> {
    const { name, url, local_dir: dir, prefetch } = sync.output
    makeOutputFolder(name, dir)
    const { attempt } = this.#context.hello
    const failed = (what: string) => (error: unknown) => {
      signal.throwIfAborted()
      throw new LauncherError(
        LAUNCHER_EXIT.stageFailed,
        'StageFailed',
        `output ${name}: ${url} cannot be ${what}: ${messageOf(error)}`,
        { cause: error },
      )
    }
    const there = await sync.begin(signal).catch(failed('made ready'))
    if (!prefetch) {
      if (attempt > 1 && there.length > 0)
        this.#context.tell({
          kind: 'problem',
          level: 'Info',
          reason: 'OutputNotEmpty',
          message: `Output ${name}: ${url} holds objects of earlier attempts; those of the same names are replaced, the others stay. The marker of attempt ${attempt} lists what belongs to it.`,
        })
      return []
    }
    const moved = await tellingProgress(this.#context, 'inputs', `output ${name}`, (onProgress) =>
      this.#context.objects.download(url, dir, signal, onProgress),
    ).catch(failed(`brought to ${dir}`))
    await sync.noteBroughtIn(moved.files)
    this.#tellLeftOut('OutputObjectsLeftOut', name, leftOutSentence(moved.leftOut, `objects of ${url}`))
    return [
      `output ${name}: ${moved.objects} objects, ${moved.bytes} bytes that were at ${url} are in ${dir}`,
    ]
  }

  /** Never rejects: a store that is away for a while is told of once, and tried again. */
  async #keepSending(sync: OutputSync): Promise<void> {
    const { name, url, sync_s: periodS } = sync.output
    const { signal } = this.#ended
    let isAway = false
    const tell = (level: 'Info' | 'Warning', reason: string, message: string) =>
      this.#context.tell({ kind: 'problem', level, reason, message })
    while (!signal.aborted) {
      await sleep(periodS * 1000, signal).catch(() => undefined)
      if (signal.aborted) return
      const why = await sync
        .sendSettled(this.#cut.signal)
        .then((unreadable) => leftOutSentence(unreadable, 'files'), messageOf)
      if (why !== null && !isAway)
        tell(
          'Warning',
          'OutputSyncFailed',
          `Output ${name}: changed files could not be sent to ${url} yet: ${why}. This is tried again every ${periodS} s.`,
        )
      if (why === null && isAway)
        tell('Info', 'OutputSyncResumed', `Output ${name}: changed files are sent to ${url} again.`)
      isAway = why !== null
    }
  }

  #tellLeftOut(reason: string, name: string, sentence: string | null): void {
    if (sentence === null) return
    this.#context.tell({ kind: 'problem', level: 'Warning', reason, message: `Output ${name}: ${sentence}.` })
  }

  async #finishOne(sync: OutputSync, whole: boolean, signal: AbortSignal): Promise<string> {
    const { name, url, local_dir: dir } = sync.output
    try {
      const { objects, bytes, leftOut, unreadable } = await sync.sendRest(signal)
      this.#tellLeftOut('OutputFilesLeftOut', name, leftOutSentence(leftOut, 'files'))
      const missing = leftOutSentence(unreadable, 'files or folders')
      if (missing !== null) throw new Error(`${missing}; the other ${objects} files are there`)
      if (whole) await sync.mark(signal)
      return `output ${name}: ${objects} objects, ${bytes} bytes of ${dir} are at ${url}`
    } catch (error) {
      const message = `output ${name}: ${dir} cannot be uploaded to ${url}: ${messageOf(signal.aborted ? signal.reason : error)}`
      throw new LauncherError(LAUNCHER_EXIT.uploadFailed, 'UploadFailed', message, { cause: error })
    }
  }
}

function makeOutputFolder(name: string, dir: string): void {
  try {
    makeFolder(dir)
  } catch (error) {
    const message = `output ${name}: uid ${process.getuid?.() ?? -1} cannot make the folder ${dir}: ${messageOf(error)}`
    throw new LauncherError(LAUNCHER_EXIT.stageFailed, 'StageFailed', message)
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const AFTER_GRACE_MS = 3_000

/**
 * Aborts some time after a stop: the program has the grace to end, and what it leaves of that is for its outputs. The
 * server kills a task five seconds after the grace (decisions.md 3.4), and the last words must be out before.
 */
export function uploadLimit(
  stop: AbortSignal,
  graceMs: number,
): Disposable & { readonly signal: AbortSignal } {
  const limit = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onStop = () => {
    timer = setTimeout(
      () => limit.abort(new Error('stopped before all outputs were uploaded')),
      graceMs + AFTER_GRACE_MS,
    )
  }
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
  return {
    signal: limit.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
    },
  }
}
