// Which folders of a task lie where. Bulk data has folders of this machine; every other writable folder is one of the
// container's root, where nothing the image brings (a conda in /home/ma-user, say) is covered: see root-plan.ts. Pure.
import { join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { TASK_PATHS } from '../../api/task-constants.ts'
import { MA_MOUNT, WRITABLE_DIRS } from '../../job/places.ts'

/** A folder of this machine, absolute. `task` means the task's uid owns it. */
export type HostFolder = { readonly path: string; readonly mode: number; readonly owner: 'task' | 'server' }

/** A folder to be in the container's root before it starts; what exists only changes owner and mode. */
export type RootFolder = { readonly path: string; readonly mode: number; readonly owner: 'task' | 'root' }

export type Bind = { readonly source: string; readonly target: string }

const CACHE = '/cache'
const BULK: Readonly<Record<string, string>> = {
  [`${MA_MOUNT}/inputs`]: 'inputs',
  [`${MA_MOUNT}/outputs`]: 'outputs',
}

/** Folders of every image that no task may own; below them it may. */
const SYSTEM = /^\/(bin|boot|etc|lib\w*|sbin|usr|var)$/
const RESERVED = ['/proc', '/dev', '/sys', TASK_PATHS.runtime, TASK_PATHS.runDir]

const isUnder = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`)

/** Refuses a folder that cannot be writable in a task, naming folder, uid and why (decisions.md 1.6). */
function checkWritable(path: string, uid: number): void {
  const fail = (why: string): never => {
    throw new AppError(
      'InvalidParam',
      `The folder ${JSON.stringify(path)} cannot be made writable for uid ${uid}: ${why}`,
    )
  }
  if (!path.startsWith('/') || path === '/') fail('give an absolute path below "/"')
  const parts = path.split('/').slice(1)
  if (/\p{Cc}/u.test(path) || parts.some((part) => part === '' || part === '.' || part === '..'))
    fail('give it without empty parts, ".", ".." and control characters')
  const holder = RESERVED.find((parent) => isUnder(path, parent))
  if (holder !== undefined)
    fail(`${holder} is read-only in a task; choose a folder under /home, /tmp, /cache or /user`)
  if (SYSTEM.test(path))
    fail('it holds the system of the image; choose a folder under /home, /tmp, /cache or /user')
}

export type FolderPlan = {
  /** Parents first. */
  readonly host: readonly HostFolder[]
  readonly root: readonly RootFolder[]
  readonly binds: readonly Bind[]
}

/** `folder` is the task's on this machine, `cache` what becomes /cache. Throws AppError InvalidParam. */
export function planFolders(
  dirs: readonly string[],
  { folder, cache, uid }: { readonly folder: string; readonly cache: string; readonly uid: number },
): FolderPlan {
  const bases = new Map([
    ...Object.entries(BULK).map(([target, name]) => [target, join(folder, name)] as const),
    [CACHE, cache],
  ])
  const host = new Set(bases.values())
  const root = new Set([MA_MOUNT])
  for (const path of new Set([...WRITABLE_DIRS, ...dirs])) {
    checkWritable(path, uid)
    const base = [...bases].find(([target]) => isUnder(path, target))
    if (base === undefined) {
      root.add(path)
      continue
    }
    let made = base[1]
    for (const part of path.slice(base[0].length).split('/').filter(Boolean)) {
      made = join(made, part)
      host.add(made)
    }
  }
  return {
    host: [...host].map((path) => ({ path, mode: 0o755, owner: 'task' as const })),
    root: [...root]
      .sort()
      .map((path) =>
        path === '/tmp'
          ? { path, mode: 0o1777, owner: 'root' as const }
          : { path, mode: 0o755, owner: 'task' as const },
      ),
    binds: [...bases].map(([target, source]) => ({ source, target })),
  }
}
