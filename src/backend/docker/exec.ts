// A command in a running container: dockerd's exec, as a session that is killed when nobody is there for it any more.
// The engine cannot end an exec; its process has a pid on this machine, and that gets the signal.
import type { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import type { ExecRequest, ExecSession } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { childrenOf, isAlive, sendSignal, statOf } from '../process.ts'
import { writeTo } from '../write-to.ts'

const HEADER_BYTES = 8
/** After SIGHUP what does not end is killed. */
const GRACE_MS = 2_500

export type ContainerExec = ExecRequest & { /** `uid:gid` */ readonly user: string }

/** Throws the engine's errors. The signal ends the session. */
export async function execInContainer(
  docker: Docker,
  containerId: string,
  request: ContainerExec,
  signal: AbortSignal,
): Promise<ExecSession> {
  signal.throwIfAborted()
  const { terminal } = request
  const exec = await docker.getContainer(containerId).exec({
    Cmd: [...request.command],
    User: request.user,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal !== null,
  })
  const stream = await exec.start({ hijack: true, stdin: true, Tty: terminal !== null })
  if (terminal !== null) await exec.resize({ w: terminal.columns, h: terminal.rows }).catch(() => undefined)
  const exitCode = Promise.withResolvers<number>()
  exitCode.promise.catch(() => undefined)
  const settle = () =>
    exec.inspect().then(
      ({ ExitCode }) => exitCode.resolve(ExitCode ?? 137),
      (error: unknown) => exitCode.reject(error),
    )
  stream.once('close', settle)
  const kill = async (): Promise<void> => {
    const { Running, Pid } = await exec.inspect()
    if (Running && Pid > 1) await endProcess(Pid, async () => (await exec.inspect()).Running)
  }
  const end = async (): Promise<void> => {
    await kill().catch(() => undefined)
    stream.destroy()
  }
  const onAbort = (): void => void end()
  signal.addEventListener('abort', onAbort, { once: true })
  // It may have come while the engine worked.
  if (signal.aborted) onAbort()
  return {
    output: terminal === null ? framesOf(stream) : plainOf(stream),
    write: (bytes) => writeTo(stream, bytes),
    end: () => void stream.end(),
    resize: async ({ columns, rows }) => void (await exec.resize({ w: columns, h: rows })),
    exitCode: exitCode.promise,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', onAbort)
      await end()
    },
  }
}

/** SIGHUP to the launcher, which passes it on; what is left of the family after the grace is killed. */
async function endProcess(pid: number, isRunning: () => Promise<boolean>): Promise<void> {
  const family = familyOf(pid)
  sendSignal(pid, 'SIGHUP')
  for (const deadline = performance.now() + GRACE_MS; performance.now() < deadline; await sleep(20))
    if (!(await isRunning())) break
  for (const member of [...family, ...familyOf(pid)])
    if (isAlive(member.pid, member.startTicks)) sendSignal(member.pid, 'SIGKILL')
}

/** The process and all that came of it, with what tells them from a later bearer of the same pid. */
const familyOf = (pid: number) =>
  [pid, ...childrenOf([pid])].flatMap((member) => {
    const stat = statOf(member)
    return stat === null ? [] : [{ pid: member, startTicks: stat.startTicks }]
  })

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
