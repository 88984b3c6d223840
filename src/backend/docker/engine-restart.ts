// Was a task ended by its engine's own restart? An engine without live-restore ends its containers when it stops, and those
// it finds when it comes up again, and records exit codes as if the programs had ended so (dockerd(8), --live-restore).
import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { statOf } from '../process.ts'
import { type Engine, look } from './engine.ts'

/** SIGKILL, SIGTERM, and what Docker writes for a container that it no longer finds. */
const CUT_CODES = [137, 143, 255]
/** An engine that comes up gives what it ends ten seconds before SIGKILL. */
const CLEARING_MS = 60_000
/** clock_t of proc_pid_stat(5) on every architecture Linux has today. */
const TICK_MS = 10

/** Could a container that ended with this code have been ended by its engine? */
export const mayBeCut = (exitCode: number): boolean => CUT_CODES.includes(exitCode)

/** Began before the engine did, and had ended by the time the engine had cleared up. Pure. */
export function wasCut(
  { startedAtMs, endedAtMs }: { readonly startedAtMs: number; readonly endedAtMs: number | null },
  engineStartedAtMs: number,
): boolean {
  const endedInTime = endedAtMs === null || endedAtMs <= engineStartedAtMs + CLEARING_MS
  return startedAtMs < engineStartedAtMs && endedInTime
}

/**
 * When the engine came up that would have ended its tasks by doing so; null where it leaves them alone (live-restore,
 * Podman) or nobody can say. Throws AppError BackendUnavailable for an engine that is just going: what it says of its
 * containers then is not the whole truth.
 */
export async function mortalEngineStartMs(engine: Engine, signal: AbortSignal): Promise<number | null> {
  if (engine.isPodman) return null
  const info = await look(engine, (abort) => askAnew(engine.socket, abort), signal)
  return info.LiveRestoreEnabled === false ? await daemonStartMs(engine.socket) : null
}

/** On a connection of its own: one that was kept may still lead to the engine that stopped listening. */
function askAnew(socketPath: string, signal: AbortSignal): Promise<{ LiveRestoreEnabled?: boolean }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/info', agent: false, signal }, (answer) => {
      json(answer).then((info) => resolve(info as { LiveRestoreEnabled?: boolean }), reject)
    })
    asking.on('error', reject)
    asking.end()
  })
}

/** The engine does not say it; its process does. null where no process here is that engine. */
async function daemonStartMs(socket: string): Promise<number | null> {
  const pid = await daemonPid(socket)
  const stat = pid === null ? null : statOf(pid)
  const uptime = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0])
  return stat === null ? null : Date.now() - (uptime * 1000 - stat.startTicks * TICK_MS)
}

/** The process called dockerd that listens at the socket, perhaps in a network namespace of its own. */
export async function daemonPid(socket: string): Promise<number | null> {
  const paths = new Set([socket, await realpath(socket).catch(() => socket)])
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const comm = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '')
    if (comm.trim() === 'dockerd' && (await listensAt(name, paths))) return Number(name)
  }
  return null
}

/** /proc/net/unix shows whole namespaces; whose a socket is, only root may see, and others take the list's word. */
async function listensAt(pid: string, paths: ReadonlySet<string>): Promise<boolean> {
  const listeners = listenersOf(await readFile(`/proc/${pid}/net/unix`, 'utf8').catch(() => ''))
  const inodes = listeners.filter(({ path }) => paths.has(path)).map(({ inode }) => `socket:[${inode}]`)
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => null)
  if (inodes.length === 0 || fds === null) return inodes.length > 0
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return links.some((link) => inodes.includes(link))
}

/** Sockets that accept connections (flag 0x10000), of the text of /proc/net/unix. Pure. */
export function listenersOf(text: string): { readonly inode: string; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, inode, path] = /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) (\/.*)$/.exec(line) ?? []
    return inode === undefined || path === undefined
      ? []
      : [{ inode, path: path.replace('/var/run/', '/run/') }]
  })
}
