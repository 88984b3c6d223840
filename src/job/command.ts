// From the command people write to what is really started (decisions.md 1.9, 1.10). Pure.
import type { TaskCommand } from '../api/task.ts'
import type { Generation } from './job.ts'

export const RUN_TRAIN = '/home/work/run_train.sh'

/** `words` are the leading words as a shell would see them; `plain` says that these are all and no shell is needed. */
export type Split = { readonly words: readonly string[]; readonly plain: boolean }

const META = new Set([...'|&;<>()$`*?[]{}~#!\n'])
/** First words that only a shell knows: no program on PATH can stand for them. */
const SHELL_WORDS = new Set(
  '. : alias bg break builtin case cd command continue declare do eval exec exit export fg for function getopts hash if jobs let local popd pushd read readonly return select set shift shopt source time times trap type typeset ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
)
const ASSIGNABLE = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Splits a command the way sh would, stopping at the first thing only a shell can do: operators, expansions, globs,
 * comments, an open quote, or an assignment before the first word.
 */
export function splitCommand(text: string): Split {
  const words: string[] = []
  let word: string | null = null
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === "'") {
      const end = text.indexOf("'", i + 1)
      if (end < 0) return { words, plain: false }
      word = (word ?? '') + text.slice(i + 1, end)
      i = end
    } else if (char === '"') {
      const quoted = readDoubleQuoted(text, i + 1)
      if (quoted === null) return { words, plain: false }
      word = (word ?? '') + quoted.value
      i = quoted.end
    } else if (char === '\\') {
      const next = text.charAt(++i)
      if (next === '') return { words, plain: false }
      if (next !== '\n') word = (word ?? '') + next
    } else if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word)
      word = null
    } else if (META.has(char) || (char === '=' && words.length === 0 && ASSIGNABLE.test(word ?? ''))) {
      return { words, plain: false }
    } else word = (word ?? '') + char
  }
  if (word !== null) words.push(word)
  return { words, plain: words.length > 0 && !SHELL_WORDS.has(words[0] ?? '') }
}

function readDoubleQuoted(text: string, start: number): { value: string; end: number } | null {
  let value = ''
  for (let i = start; i < text.length; i++) {
    const char = text.charAt(i)
    if (char === '"') return { value, end: i }
    if (char === '$' || char === '`' || char === '!') return null
    if (char === '\\' && '"\\$`\n'.includes(text.charAt(i + 1)) && i + 1 < text.length) {
      const next = text.charAt(++i)
      if (next !== '\n') value += next
    } else value += char
  }
  return null
}

/** Arguments of run_train.sh when the command calls it, else null. Word 1, or word 2 after a shell (decisions.md 1.10). */
export function runTrainArguments(command: string): readonly string[] | null {
  const { words } = splitCommand(command)
  const [first, second] = words
  if (first === RUN_TRAIN) return words.slice(1)
  const shell = first?.split('/').at(-1)
  if ((shell === 'sh' || shell === 'bash') && second === RUN_TRAIN) return words.slice(2)
  return null
}

/** Generation 1 = the command calls run_train.sh. */
export const generationOf = (command: string): Generation => (runTrainArguments(command) === null ? 2 : 1)

/** Parameters as the documents append them: `--name=value`, each one argument whatever it contains. */
export const parameterArguments = (parameters: readonly { name: string; value: string }[]): string[] =>
  parameters.map(({ name, value }) => `--${name}=${value}`)

/**
 * Can arguments that a shell command gets appended (decisions.md 1.9) not reach a program? True where nothing stands
 * at its end that could take them.
 */
export const losesArguments = (command: string): boolean =>
  !splitCommand(command).plain &&
  /(?:[;&|)}\n]|(?:^|[\s;])(?:done|fi|esac)|(?:^|\s)#[^\n]*|"\$@")\s*$/.test(command)

/**
 * What the launcher starts for a job with its own command.
 * @param args appended parameters, already in `--k=v` form; argv, never text
 */
export function taskCommandOf(command: string, args: readonly string[]): TaskCommand {
  const { words, plain } = splitCommand(command)
  if (plain) return { mode: 'exec', argv: [...words, ...args] }
  return { mode: 'shell', command, args: [...args] }
}
