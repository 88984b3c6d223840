// Makes a task's folder ready for its supervisor. Every step can be repeated; nothing here runs anything.
import { chmod, chown, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { newShortId } from '../../lib/id.ts'
import { makeCacheFolder } from '../cache-folder.ts'
import { settleAll } from '../settle.ts'
import { checkVolumePaths } from '../volume-paths.ts'
import { makeCgroups } from './cgroup.ts'
import { TASK_FILES } from './layout.ts'
import type { HostMachine } from './machine.ts'
import type { StoredPlan } from './record.ts'

/** Appears whole or not at all. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${newShortId()}`
  await writeFile(draft, text, { mode })
  await chmod(draft, mode)
  await rename(draft, path)
}

/** The machine's own lines after ours; of two entries for one name or number the first counts (getpwnam(3)). */
async function withMachines(path: string, lines: readonly string[]): Promise<string> {
  const own = await readFile(path, 'utf8').catch(() => '')
  return `${lines.join('\n')}\n${own}`
}

/**
 * Folder, files, cgroups. The plan is written last: where it stands, all is ready and nothing is touched again, because
 * from then on the task may run and could have put links where we would change owners.
 */
export async function prepareTask(machine: HostMachine, plan: StoredPlan): Promise<void> {
  const { request } = plan
  const { folder } = request
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await checkVolumePaths(request.volumes)
  if (request.cache !== null) await makeCacheFolder(folder, request.cache)
  for (const { path, mode, owner } of request.folders) {
    const full = resolve(folder, path)
    await mkdir(full, { recursive: true, mode })
    await chmod(full, mode)
    if (machine.isRoot && owner === 'task') await chown(full, request.uid, request.gid)
  }
  await settleAll([
    replaceFile(join(folder, TASK_FILES.hosts), request.hosts, 0o644),
    withMachines('/etc/passwd', request.passwd).then((text) =>
      replaceFile(join(folder, TASK_FILES.passwd), text, 0o644),
    ),
    withMachines('/etc/group', request.group).then((text) =>
      replaceFile(join(folder, TASK_FILES.group), text, 0o644),
    ),
    replaceFile(join(folder, TASK_FILES.args), request.sandbox.map((word) => `${word}\0`).join(''), 0o600),
    replaceFile(
      join(folder, TASK_FILES.cgroups),
      request.limits.cgroups.map((group) => `${group.path}/cgroup.procs\n`).join(''),
      0o600,
    ),
    writeFile(join(folder, TASK_FILES.exitDraft), `${' '.repeat(63)}\n`, { mode: 0o600 }),
  ])
  await makeCgroups(request.limits.cgroups)
  await replaceFile(join(folder, TASK_FILES.plan), `${JSON.stringify(plan)}\n`, 0o600)
}

/** Makes the fact of the start survive a power cut, so that the task is never started again. */
export async function syncStarted(folder: string): Promise<void> {
  const sync = async (path: string): Promise<void> => {
    await using handle = await open(path, 'r')
    await handle.sync()
  }
  await sync(join(folder, TASK_FILES.started))
  await Promise.all([sync(folder), sync(dirname(folder))])
}
