// A command in a running container: dockerd's exec, as a session that ends when nobody is there for it any more.
// The engine cannot end an exec. The launcher in front of the command hears from the server that its session is over;
// where the engine shares our process table (it may run elsewhere, or we in a container) it gets the signals as well.
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import type { ExecRequest, ExecSession } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { endFamily } from '../end-family.ts'
import { endOnce, taskEnded } from '../session-end.ts'
import { writeTo } from '../write-to.ts'
import { isNotFound, wordsOf } from './engine.ts'

const HEADER_BYTES = 8
const LOOK_MS = 50
/** A container killed with its commands is seen as ended a little after them. */
const TASK_END_MS = 1_000
const KILLED = 137

export type ContainerExec = Omit<ExecRequest, 'session'> & { /** `uid:gid` */ readonly user: string }

/**
 * Throws AppError BackendUnavailable with the engine's words when it refuses. The signal ends the session. The command
 * has to end its own children on SIGHUP, as the launcher does.
 */
export async function execInContainer(
  docker: Docker,
  containerId: string,
  request: ContainerExec,
  signal: AbortSignal,
): Promise<ExecSession> {
  signal.throwIfAborted()
  const { terminal } = request
  const container = docker.getContainer(containerId)
  const { exec, stream } = await startExec(container, request).catch(refused)
  // Read errors come to whoever reads; this keeps one that comes before or after from ending the server.
  stream.on('error', () => undefined)
  if (terminal !== null) await exec.resize({ w: terminal.columns, h: terminal.rows }).catch(() => undefined)
  const exitCode = Promise.withResolvers<number>()
  exitCode.promise.catch(() => undefined)
  const end = async (): Promise<void> => {
    await endOnThisMachine(exec, request.command).catch(() => undefined)
    stream.destroy()
  }
  const ending = endOnce(end, signal)
  stream.once('close', () => exitCode.resolve(codeOf(exec, container, () => ending.isEnding)))
  return {
    output: terminal === null ? framesOf(stream) : plainOf(stream),
    write: (bytes) => writeTo(stream, bytes),
    end: () => void stream.end(),
    resize: async ({ columns, rows }) => void (await exec.resize({ w: columns, h: rows })),
    exitCode: exitCode.promise,
    [Symbol.asyncDispose]: () => ending[Symbol.asyncDispose](),
  }
}

async function startExec(container: Docker.Container, { command, user, terminal }: ContainerExec) {
  const exec = await container.exec({
    Cmd: [...command],
    User: user,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal !== null,
  })
  return { exec, stream: await exec.start({ hijack: true, stdin: true, Tty: terminal !== null }) }
}

function refused(error: unknown): never {
  throw new AppError('BackendUnavailable', `the engine did not run the command: ${wordsOf(error)}`, {
    cause: error,
  })
}

/**
 * The streams can close before the command ends: it may have closed them itself, or the engine is late with its books.
 * Throws AppError JobStatusChanged when the container ended, BackendUnavailable when the engine cannot say.
 */
async function codeOf(
  exec: Docker.Exec,
  container: Docker.Container,
  isGivenUp: () => boolean,
): Promise<number> {
  try {
    let found = await exec.inspect()
    for (; found.Running && !isGivenUp(); found = await exec.inspect()) await sleep(LOOK_MS)
    const code = found.ExitCode ?? KILLED
    const deadline = performance.now() + TASK_END_MS
    for (; code === KILLED && performance.now() < deadline; await sleep(LOOK_MS))
      if (!(await container.inspect()).State.Running) throw taskEnded()
    return code
  } catch (error) {
    if (error instanceof AppError) throw error
    // A removed container takes the books on its commands along.
    if (isNotFound(error)) throw taskEnded()
    throw new AppError('BackendUnavailable', 'the engine does not say how the command ended', {
      cause: error,
    })
  }
}

/** Does nothing unless the pid that the engine names is surely that command, here. */
async function endOnThisMachine(exec: Docker.Exec, command: readonly string[]): Promise<void> {
  const { Running, Pid } = await exec.inspect()
  if (!Running || Pid <= 1 || readFileSync(`/proc/${Pid}/cmdline`, 'utf8') !== `${command.join('\0')}\0`)
    return
  await endFamily(Pid, [Pid], async () => !(await exec.inspect()).Running)
}

async function* plainOf(stream: Duplex): ExecSession['output'] {
  for await (const bytes of stream) yield { stream: 'stdout', bytes }
}

/** Docker's frames: stream number, three zeros, length in four bytes, payload (Engine API, attach). */
async function* framesOf(stream: Duplex): ExecSession['output'] {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      if (rest.length < HEADER_BYTES) break
      const length = rest.readUInt32BE(4)
      if (rest.length < HEADER_BYTES + length) break
      const bytes = rest.subarray(HEADER_BYTES, HEADER_BYTES + length)
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', bytes }
      rest = rest.subarray(HEADER_BYTES + length)
    }
  }
}
