// Folders of tasks (DIR/tasks/<job>-<attempt>-<task>) whose job is gone: a server was killed between erasing the two, or
// rows came back from a backup. A task that still runs is left alone, whoever it belongs to.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttemptRef } from '../job/job.ts'
import { taskObjectName } from '../job/names.ts'
import type { Backend } from '../job/ports.ts'
import type { JobStore } from '../job/store.ts'

export type TaskSweep = {
  readonly dataDir: string
  readonly store: Pick<JobStore, 'listUnfinished' | 'getById'>
  readonly serveId: string
  readonly backend: Pick<Backend, 'remove' | 'observe'>
  readonly onError: (what: string, error: unknown) => void
}

const FOLDER = /^([0-9a-f]{12})-([1-9]\d{0,5})-([a-z][a-z0-9]*-\d{1,5})$/

type Orphan = { readonly prefix: string; readonly attempt: number; readonly tasks: string[] }

/** Removes what the backend keeps of attempts that no job of this server can need. */
export async function sweepTasks(sweep: TaskSweep, signal: AbortSignal): Promise<void> {
  const { dataDir, store, serveId, backend, onError } = sweep
  const tasksDir = join(dataDir, 'tasks')
  // Folders first, rows after: a folder is made after its row, so what is seen here without one has none.
  const names = await readdir(tasksDir).catch(() => [] as string[])
  const live = new Set((await store.listUnfinished(serveId)).map(prefixOf))
  for (const orphan of orphansIn(names, live)) {
    signal.throwIfAborted()
    const ref = await refOf(tasksDir, orphan)
    if ((await store.getById(ref.jobId).then((job) => job?.cleanedAtMs)) === null) continue
    const seen = await backend.observe(ref, signal)
    if (seen.some(({ state }) => state === 'starting' || state === 'running')) {
      onError(`a task of job ${ref.jobId}, which is not known here, is running and is left alone`, null)
      continue
    }
    await backend.remove(ref, signal)
  }
}

const prefixOf = (jobId: string): string => taskObjectName(jobId, 1, '').slice(0, 12)

function orphansIn(names: readonly string[], live: ReadonlySet<string>): Iterable<Orphan> {
  const found = new Map<string, Orphan>()
  for (const name of names) {
    const [, prefix = '', attempt = '', task = ''] = FOLDER.exec(name) ?? []
    if (task === '' || live.has(prefix)) continue
    const id = `${prefix}-${attempt}`
    const orphan = found.get(id) ?? { prefix, attempt: Number(attempt), tasks: [] }
    orphan.tasks.push(task)
    found.set(id, orphan)
  }
  return found.values()
}

/** The whole id stands in what the backends wrote down; without that nothing was ever started, and any id will do. */
async function refOf(tasksDir: string, { prefix, attempt, tasks }: Orphan): Promise<AttemptRef> {
  const files = [
    ...tasks.map((task) => join(tasksDir, `${prefix}-${attempt}-${task}`, 'plan.json')),
    join(tasksDir, '.attempts', `${prefix}-${attempt}.json`),
  ]
  for (const file of files) {
    const jobId = await jobIdIn(file)
    if (jobId !== null && prefixOf(jobId) === prefix) return { jobId, attempt, tasks }
  }
  return { jobId: `${prefix.slice(0, 8)}-${prefix.slice(8)}-0000-0000-000000000000`, attempt, tasks }
}

async function jobIdIn(file: string): Promise<string | null> {
  try {
    const { jobId } = JSON.parse(await readFile(file, 'utf8')) as { jobId?: unknown }
    return typeof jobId === 'string' ? jobId : null
  } catch {
    return null
  }
}
