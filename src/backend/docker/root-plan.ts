// How a task's own folders and its uid's names come into the container's root. What the image has not, or has empty,
// is a folder of this machine that is mounted there, because an engine mounts for nothing; whatever would cover files of
// the image is changed in the container's root instead, by an archive, which costs the engine a process. Pure.
import { dirname, join } from 'node:path'
import { AppError } from '../../api/error.ts'
import { withAccounts } from '../accounts.ts'
import type { Bind, HostFolder, RootFolder } from './folders.ts'
import type { ImageRoot, RootEntry } from './image-root.ts'
import type { DockerRequest } from './plan.ts'

export type AccountFile = { readonly name: 'passwd' | 'group'; readonly text: string }

export type RootPlan = {
  readonly hostFolders: readonly HostFolder[]
  /** Files of this machine, absolute, with their text. */
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly binds: readonly (Bind & { readonly readOnly: boolean })[]
  /** What travels into the container as an archive. */
  readonly folders: readonly RootFolder[]
  readonly accounts: readonly AccountFile[]
}

type Owner = Pick<DockerRequest, 'folder' | 'cache' | 'uid' | 'gid' | 'rootFolders' | 'accounts'>

const isUnder = (path: string, parent: string): boolean => path.startsWith(`${parent}/`)

/** May it be covered without hiding anything? */
const hidesNothing = (entry: RootEntry): boolean =>
  entry.kind === 'missing' || (entry.kind === 'folder' && entry.isEmpty)

/** Is it already as the task needs it? */
function suits(entry: RootEntry, wanted: RootFolder, { uid, gid }: Owner): boolean {
  if (entry.kind !== 'folder' || (entry.mode & wanted.mode) !== wanted.mode) return false
  return wanted.owner === 'root' || (entry.uid === uid && entry.gid === gid)
}

/**
 * `mayMount` false: a server that cannot give its folders away leaves everything to the engine. A link of the image stays, and
 * the folder it leads to is the task's. Throws AppError InvalidParam for an image with a file where a folder has to be.
 */
export function planRoot(request: Owner, image: ImageRoot, mayMount: boolean): RootPlan {
  const hostFolders: HostFolder[] = []
  const binds: (Bind & { readOnly: boolean })[] = []
  const folders: RootFolder[] = []
  const real = new Map<string, string>()
  for (const { path: named, mode, owner } of request.rootFolders) {
    const entry = image.entries.get(named) ?? { kind: 'other' }
    if (entry.kind === 'other') refuse(named)
    const path = entry.at ?? throughLinks(named, real)
    real.set(named, path)
    if ([...binds.map(({ target }) => target), ...folders.map((other) => other.path)].includes(path)) continue
    const wanted = { path, mode, owner }
    const make = (at: string): void =>
      void hostFolders.push({ path: at, mode, owner: owner === 'task' ? 'task' : 'server' })
    const holder = binds.find(({ target }) => isUnder(path, target))
    if (holder !== undefined) {
      make(holder.source + path.slice(holder.target.length))
      continue
    }
    // A program may empty /tmp; a mount point in it could not be removed.
    if (mayMount && hidesNothing(entry) && ![named, path].some((one) => isUnder(one, '/tmp'))) {
      // On the disk of /cache: both grow by what a program writes.
      const source = join(dirname(request.cache), 'root', String(binds.length))
      make(source)
      binds.push({ source, target: path, readOnly: false })
    } else if (!suits(entry, wanted, request)) folders.push(wanted)
  }
  const changed = changedAccounts(request, image)
  // Root may add users, which replaces these files; a mount point cannot be replaced.
  const mounts = mayMount && request.uid !== 0
  const files = changed.map(({ name, text }) => ({ path: join(request.folder, name), text, name }))
  return {
    hostFolders,
    files: mounts ? files : [],
    binds: mounts
      ? [
          ...binds,
          ...files.map(({ path, name }) => ({ source: path, target: `/etc/${name}`, readOnly: true })),
        ]
      : binds,
    folders,
    accounts: mounts ? [] : changed,
  }
}

/** Below a folder of ours that is a link in the image. */
function throughLinks(path: string, real: ReadonlyMap<string, string>): string {
  const holder = [...real.keys()].findLast((other) => isUnder(path, other))
  return holder === undefined ? path : (real.get(holder) ?? holder) + path.slice(holder.length)
}

function refuse(path: string): never {
  throw new AppError(
    'InvalidParam',
    `The image has something else than a folder at ${path}, where every task has one; valid: an image with a folder there, a link to one, or nothing`,
  )
}

const changedAccounts = ({ accounts }: Owner, image: ImageRoot): AccountFile[] =>
  (['passwd', 'group'] as const).flatMap((name) => {
    const before = image[name]
    const text = before === null ? before : withAccounts(before, accounts[name])
    return text === null || text === before ? [] : [{ name, text }]
  })
