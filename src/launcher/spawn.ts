// Starts one program in a session of its own and pumps its output into a sink.
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants as os } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Readable } from 'node:stream'
import { LAUNCHER_EXIT } from '../api/task-constants.ts'
import { errnoOf, LauncherError, messageOf } from './launcher-error.ts'
import type { OutputPipes } from './output-pipes.ts'
import type { OutputSink } from './ports.ts'

export type Program = {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type Running = {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Resolves when nobody holds the output open any more and the sink has all of it. */
  readonly drained: Promise<void>
  /** How long no output has come; 0 while the sink is busy, infinite once all is drained. */
  readonly silentMs: () => number
  /** Stops reading: whoever still holds the output open is on its own. */
  readonly abandon: () => void
}

/** 0..255 as a shell would say it. */
export const exitCodeOf = ({ code, signal }: Exit): number => code ?? (signal ? 128 + os.signals[signal] : 1)

/** Starts it. Throws LauncherError with code 126 or 127 when there is nothing to start. */
export async function startProgram(program: Program, sink: OutputSink, pipes: OutputPipes): Promise<Running> {
  const [word = ''] = program.argv
  const file = findProgram(word, program)
  const pipe = await pipes.open()
  const output = pipe?.writeFd ?? 'pipe'
  let child: ChildProcess
  try {
    child = spawn(file, program.argv.slice(1), {
      argv0: word,
      cwd: program.cwd,
      env: program.env,
      detached: true,
      stdio: ['ignore', output, output],
    })
  } finally {
    if (pipe) closeSync(pipe.writeFd)
  }
  const readers: Readable[] = pipe
    ? [new Socket({ fd: pipe.readFd, readable: true, writable: false })]
    : [child.stdout, child.stderr].filter((stream) => stream !== null)
  const { drained, silentMs } = pump(readers, sink)
  const exited = exitOf(child, file)
  // Whoever waits for it gets the rejection; this only says that somebody will.
  exited.catch(() => undefined)
  if (child.pid === undefined) await exited
  const abandon = () => {
    for (const reader of readers) reader.destroy()
  }
  return { pid: child.pid ?? 0, exited, drained, silentMs, abandon }
}

function exitOf(child: ChildProcess, file: string): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', (error) => reject(startError(error, file)))
  })
}

function startError(error: Error, file: string): LauncherError {
  if (errnoOf(error) === 'ENOENT')
    return new LauncherError(
      127,
      'CommandNotFound',
      `${file} is there, but the interpreter or loader it names is not`,
    )
  if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'ENOEXEC')
    return new LauncherError(126, 'CommandNotExecutable', `${file} cannot be executed: ${messageOf(error)}`)
  return new LauncherError(
    LAUNCHER_EXIT.spawnFailed,
    'SpawnFailed',
    `${file} cannot be started: ${messageOf(error)}`,
  )
}

function pump(readers: readonly Readable[], sink: OutputSink): Pick<Running, 'drained' | 'silentMs'> {
  let lastMs = performance.now()
  let busy = 0
  const one = async (reader: Readable) => {
    try {
      for await (const chunk of reader) {
        busy += 1
        await sink.write(chunk)
        busy -= 1
        lastMs = performance.now()
      }
    } catch {
      // Abandoned, or broken off: either way nothing more will come.
    }
  }
  const drained = Promise.all(readers.map(one)).then(async () => {
    busy += 1
    await sink.end()
    lastMs = Number.NEGATIVE_INFINITY
    busy = 0
  })
  return { drained, silentMs: () => (busy > 0 ? 0 : performance.now() - lastMs) }
}

/** The file a word stands for, looked up on the program's own PATH. Throws LauncherError with 127 or 126. */
export function findProgram(word: string, { env, cwd }: Pick<Program, 'env' | 'cwd'>): string {
  if (word.includes('/')) {
    const path = isAbsolute(word) ? word : join(cwd, word)
    if (isExecutable(path)) return path
    const there = statSync(path, { throwIfNoEntry: false })
    if (there)
      throw new LauncherError(
        126,
        'CommandNotExecutable',
        `${path} is there, but may not be executed (try: bash ${path}, or chmod +x)`,
      )
    throw new LauncherError(127, 'CommandNotFound', `${path} does not exist in the image`)
  }
  const found = lookUp(word, env, cwd)
  if (found) return found
  throw new LauncherError(
    127,
    'CommandNotFound',
    `command not found: ${JSON.stringify(word)} is in no folder of PATH (${env['PATH'] ?? ''}); use its full path or an image that has it`,
  )
}

/** Like findProgram for a plain name, but null when there is none. */
export function lookUp(word: string, env: Program['env'], cwd: string): string | null {
  const folders = (env['PATH'] ?? '')
    .split(':')
    .map((folder) => (isAbsolute(folder) ? folder : join(cwd, folder)))
  return word === '' ? null : (folders.map((folder) => join(folder, word)).find(isExecutable) ?? null)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
