// A command in a running task of the host backend: nsenter into the sandbox's namespaces, in the task's cgroups and as
// its user, with the same privileges dropped. A terminal is made by a few lines of Python outside the sandbox.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import type { ExecRequest, ExecSession } from '../../job/ports.ts'
import { sleep } from '../../lib/abort.ts'
import { runtimeProgram } from '../runtime.ts'
import { writeTo } from '../write-to.ts'
import type { HostMachine } from './machine.ts'
import { commandPrefix } from './plan.ts'
import { readRecord } from './record.ts'

/** "$1" groups follow, then the command: written before it is entered, so that nothing runs outside the task's limits. */
const ENTER =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done; exec "$@"'
const GRACE_MS = 2_500

/** Throws AppError JobStatusChanged when the task does not run. */
export async function execInTask(
  machine: HostMachine,
  folder: string,
  jobId: string,
  request: ExecRequest,
  signal: AbortSignal,
): Promise<ExecSession> {
  signal.throwIfAborted()
  const record = await readRecord(folder)
  const plan = record.plan?.jobId === jobId ? record.plan : null
  if (plan === null || !record.initAlive || record.info === null)
    throw new AppError('JobStatusChanged', 'the task does not run; valid: a task that is running')
  const { uid, gid, limits } = plan.request
  const groups = limits.cgroups.map(({ path }) => join(path, 'cgroup.procs'))
  const namespaces = [
    '--mount',
    '--pid',
    '--uts',
    '--ipc',
    ...(machine.isRoot ? [] : ['--user', '--preserve-credentials']),
  ]
  const entered = [
    ...['/bin/sh', '-c', ENTER, 'sh', String(groups.length), ...groups],
    ...['/usr/bin/nsenter', '--target', String(record.info.initPid), ...namespaces, '--'],
    ...commandPrefix(machine, { uid, gid }),
    ...runtimeProgram(machine.loader, [
      `${TASK_PATHS.runtime}/launcher.js`,
      'exec',
      '--',
      ...request.command,
    ]),
  ]
  const { terminal } = request
  const [command = '', ...args] =
    terminal === null
      ? entered
      : [
          '/usr/bin/python3',
          '-I',
          join(machine.runtimeDir, 'pty.py'),
          String(terminal.columns),
          String(terminal.rows),
          ...entered,
        ]
  const child = spawn(command, args, {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe', terminal === null ? 'ignore' : 'pipe'],
  })
  return sessionOf(child, signal)
}

function sessionOf(child: ChildProcess, signal: AbortSignal): ExecSession {
  const exitCode = new Promise<number>((resolve) => {
    child.once('error', () => resolve(126))
    child.once('close', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)))
  })
  const stdin = child.stdin as Writable
  const sizes = child.stdio[3] as Writable | null
  for (const stream of [stdin, sizes]) stream?.on('error', () => undefined)
  const end = () => endGroup(child)
  const onAbort = (): void => void end()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    output: merged(child.stdout as Readable, child.stderr as Readable),
    write: (bytes) => writeTo(stdin, bytes),
    end: () => void stdin.end(),
    resize: async ({ columns, rows }) => void sizes?.write(`${columns} ${rows}\n`),
    exitCode,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', onAbort)
      await end()
    },
  }
}

/** SIGHUP to the whole group, then SIGKILL; resolves when its leader is gone. */
async function endGroup(child: ChildProcess): Promise<void> {
  const isOver = (): boolean =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), name)
    } catch {
      // Gone meanwhile.
    }
  }
  if (isOver()) return
  send('SIGHUP')
  for (const deadline = performance.now() + GRACE_MS; performance.now() < deadline; await sleep(20))
    if (isOver()) return
  send('SIGKILL')
}

type Piece = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }

/** Both streams as they come; each is read only when its last piece was taken. */
async function* merged(stdout: Readable, stderr: Readable): AsyncIterable<Piece> {
  const readers = new Map(
    (
      [
        ['stdout', stdout],
        ['stderr', stderr],
      ] as const
    ).map(([stream, source]) => {
      const iterator = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
      const next = () => iterator.next().then((item) => ({ stream, item }))
      return [stream, { next, waiting: next() }] as [
        Piece['stream'],
        { next: typeof next; waiting: ReturnType<typeof next> },
      ]
    }),
  )
  while (readers.size > 0) {
    const { stream, item } = await Promise.race([...readers.values()].map(({ waiting }) => waiting))
    const reader = readers.get(stream)
    if (item.done === true || reader === undefined) {
      readers.delete(stream)
      continue
    }
    yield { stream, bytes: item.value }
    reader.waiting = reader.next()
  }
}
