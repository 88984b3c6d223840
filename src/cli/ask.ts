// One question at the terminal.
import { createInterface } from 'node:readline/promises'
import type { CliContext } from './context.ts'

/** The answer, trimmed and in lower case; null when the input ends, Ctrl-C comes again or `signal` aborts. */
export async function ask(
  context: CliContext,
  question: string,
  signal: AbortSignal,
): Promise<string | null> {
  const lines = createInterface({ input: context.stdin, output: context.stderr, terminal: false })
  const closed = new AbortController()
  lines.once('close', () => closed.abort())
  try {
    const answer = await lines.question(question, { signal: AbortSignal.any([signal, closed.signal]) })
    return answer.trim().toLowerCase()
  } catch {
    return null
  } finally {
    lines.close()
  }
}
