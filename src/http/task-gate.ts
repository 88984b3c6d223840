// One Unix socket per live task: the path is the identity, and it carries the task API and S3 (decisions.md 1.1, 1.2).
// A server that starts again makes the sockets anew in the same folders; launchers simply connect again.
import { chmod, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { SPOOL_LIMIT_BYTES } from '../job/instructions.ts'
import type { Job } from '../job/job.ts'
import { attemptRef } from '../job/plan-input.ts'
import type { Backend, TaskGate } from '../job/ports.ts'
import { listSpool, spoolReader } from '../lib/spool-segments.ts'
import { drainSpool } from '../log/drain-spool.ts'
import { createTaskApi, type TaskApiParts, type TaskIdentity } from './task-api.ts'

export type TaskGateParts = TaskApiParts & {
  readonly backend: Backend
  /** Serves S3 to the tasks of a project. */
  readonly serveObjects: (projectId: string) => (request: IncomingMessage, response: ServerResponse) => void
}

const API_PREFIX = '/.ropeway/'
/** More streams than any task has ranks. */
const MAX_STREAMS = 1024

/** Listens for tasks until it is disposed. */
export class SocketTaskGate implements TaskGate, AsyncDisposable {
  readonly #parts: TaskGateParts
  /** job id → socket path → server */
  readonly #open = new Map<string, Map<string, Server>>()

  constructor(parts: TaskGateParts) {
    this.#parts = parts
  }

  async open(job: Job): Promise<void> {
    const ref = attemptRef(job)
    const servers = this.#open.get(job.id) ?? new Map<string, Server>()
    this.#open.set(job.id, servers)
    const wanted = new Set<string>()
    for (const task of ref.tasks) {
      const dir = this.#parts.backend.runDir(ref, task)
      if (dir === null) continue
      const path = join(dir, 'task.sock')
      wanted.add(path)
      if (servers.has(path) || !(await isDirectory(dir))) continue
      servers.set(
        path,
        await this.#listen(path, job.projectId, { jobId: job.id, attempt: ref.attempt, task }),
      )
    }
    // Nobody asks for an earlier attempt: its tasks were gone before this one was on record.
    for (const [path, server] of [...servers]) {
      if (wanted.has(path)) continue
      servers.delete(path)
      await closeServer(server, path)
    }
  }

  async collect(job: Job): Promise<void> {
    const ref = attemptRef(job)
    for (const task of ref.tasks) {
      const dir = this.#parts.backend.runDir(ref, task)
      if (dir === null) continue
      // A task may have closed the folder even to a server that is not root, but that owns it.
      await chmod(join(dir, 'spool'), 0o700).catch(() => undefined)
      const who = { jobId: job.id, attempt: ref.attempt, task }
      await this.#collectTask(join(dir, 'spool'), who)
      await this.#parts.logs.tellLosses(who)
    }
  }

  /** The spool was the task's to write: what it holds above the limit of an honest launcher is left behind. */
  async #collectTask(spool: string, who: TaskIdentity): Promise<void> {
    let leftBytes = SPOOL_LIMIT_BYTES
    const streams = [...(await listSpool(spool))].slice(0, MAX_STREAMS)
    for (const [stream, segments] of streams) {
      const readNext = spoolReader(spool, segments)
      const read = async (offset: number, maxBytes: number) => {
        const piece = await readNext(offset, Math.min(maxBytes, leftBytes))
        leftBytes -= piece.bytes.length
        return piece
      }
      await drainSpool({ store: this.#parts.logs, key: { ...who, stream }, read })
    }
  }

  async close(jobId: string): Promise<void> {
    const servers = this.#open.get(jobId)
    this.#open.delete(jobId)
    for (const [path, server] of servers ?? []) await closeServer(server, path)
  }

  async erase(jobId: string): Promise<void> {
    await this.#parts.logs.remove(jobId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const jobId of [...this.#open.keys()]) await this.close(jobId)
  }

  async #listen(path: string, projectId: string, who: TaskIdentity): Promise<Server> {
    const api = getRequestListener(createTaskApi(this.#parts, who).fetch)
    const serveObjects = this.#parts.serveObjects(projectId)
    const server = createServer((request, response) => {
      if (request.url?.startsWith(API_PREFIX)) void api(request, response)
      else serveObjects(request, response)
    })
    // Objects may be large and a paused program slow: only idle connections are timed.
    server.requestTimeout = 0
    await rm(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => resolve())
    })
    server.on('error', (error) => this.#parts.onError(path, error))
    await chmod(path, 0o666)
    return server
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ?? false
}

async function closeServer(server: Server, path: string): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
  await rm(path, { force: true })
}
