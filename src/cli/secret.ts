// A password from standard input or from a terminal that does not show it.
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { CliContext } from './context.ts'
import { CliError, EXIT } from './errors.ts'

const LONGEST_BYTES = 65_536

/** All of standard input without one line end. Throws CliError when it is empty or longer than a password may be. */
async function readSecret({ stdin }: CliContext): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of stdin) {
    parts.push(Buffer.from(part))
    size += part.length
    if (size > LONGEST_BYTES + 2)
      throw new CliError(
        `The password on standard input is longer than ${LONGEST_BYTES} bytes`,
        '',
        EXIT.usage,
      )
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text !== '') return text
  throw new CliError('Standard input is empty', 'Give the password on standard input.', EXIT.usage)
}

/** One line typed at the terminal, not shown. */
async function askSecret({ stdin, stderr, signal }: CliContext, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true })
  stderr.write(question)
  try {
    return await lines.question('', { signal })
  } finally {
    lines.close()
    stderr.write('\n')
  }
}

/** From standard input when that was asked for, else from the terminal. Throws CliError where there is none. */
export async function takeSecret(
  context: CliContext,
  fromStdin: boolean,
  question: string,
  flag = '--password-stdin',
): Promise<string> {
  if (fromStdin) return readSecret(context)
  if (!context.stdin.isTTY)
    throw new CliError(
      'There is no terminal to ask for the password',
      `Give ${flag} and the password on standard input.`,
      EXIT.usage,
    )
  const password = await askSecret(context, question)
  if (password === '') throw new CliError('No password was given', '', EXIT.usage)
  return password
}
