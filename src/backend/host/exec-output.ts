// Two streams as one, each piece with its name.
import type { Readable } from 'node:stream'
import type { ExecSession } from '../../job/ports.ts'

type Name = 'stdout' | 'stderr'
type Read = { readonly stream: Name; readonly item: IteratorResult<Buffer> }

/** Pieces of both as they come; each stream is read only when its last piece was taken. */
export async function* mergeOutput(stdout: Readable, stderr: Readable): ExecSession['output'] {
  const next: Record<Name, () => Promise<Read>> = {
    stdout: readerOf('stdout', stdout),
    stderr: readerOf('stderr', stderr),
  }
  const waiting = new Map<Name, Promise<Read>>([
    ['stdout', next.stdout()],
    ['stderr', next.stderr()],
  ])
  while (waiting.size > 0) {
    const { stream, item } = await Promise.race(waiting.values())
    if (item.done === true) {
      waiting.delete(stream)
      continue
    }
    yield { stream, bytes: item.value }
    waiting.set(stream, next[stream]())
  }
}

function readerOf(stream: Name, source: Readable): () => Promise<Read> {
  const iterator = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  return async () => ({ stream, item: await iterator.next() })
}
