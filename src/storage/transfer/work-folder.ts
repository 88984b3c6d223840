// The folder in which a transfer writes what is not complete yet, with its journal. A transfer that finds the folder
// of an earlier one of the same kind takes it over, if the process that made it is gone. Which of two takes it is
// decided by the rename of one file.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { newShortId } from '../../lib/id.ts'
import { type Journal, openJournal } from './journal.ts'

export type WorkFolder = {
  readonly path: string
  /** Absent when nothing is to be left for the next try. */
  readonly journal: Journal | undefined
  /** Whether an earlier transfer's work is gone on with. */
  readonly resumed: boolean
  /** Ends the work; with `keep` it is left for the next try. */
  close(keep: boolean): Promise<void>
}

/** What tells whether a process still lives; equal numbers mean little in another namespace or after a reboot. */
type Owner = { readonly boot: string; readonly space: string; readonly pid: number; readonly start: string }

const PREFIX = '.ropeway-'
/** A living transfer writes its journal more often than this. */
const SILENT_MS = 60_000

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return otherwise
  }
}

/** Start time of a process in clock ticks, the 22nd field of /proc/PID/stat; empty when there is none. */
const startOf = (pid: number): string =>
  readOr(`/proc/${pid}/stat`, '')
    .replace(/^.*\) /s, '')
    .split(' ')[19] ?? ''

function ourselves(): Owner {
  let space = ''
  try {
    space = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Without /proc every other process is a stranger.
  }
  const boot = readOr('/proc/sys/kernel/random/boot_id', '')
  return { boot, space, pid: process.pid, start: startOf(process.pid) }
}

type Left = 'usable' | 'useless' | 'in use'

/** What a folder of an earlier transfer is good for. */
async function judge(folder: string): Promise<Left> {
  const path = join(folder, 'journal')
  const facts = await stat(path).catch(() => undefined)
  const age = async () => Date.now() - (await stat(folder).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs
  if (!facts) return (await age()) > SILENT_MS ? 'useless' : 'in use'
  let owner: Owner
  try {
    owner = JSON.parse((await readFile(path, 'utf8')).split('\n', 1)[0] ?? '') as Owner
  } catch {
    return 'useless'
  }
  const here = ourselves()
  // What was not flushed before a power cut may be missing under a length that looks right.
  if (owner.boot !== here.boot) return 'useless'
  const silent = Date.now() - facts.mtimeMs > SILENT_MS
  const gone = owner.space === here.space ? startOf(owner.pid) !== owner.start : silent
  return gone ? 'usable' : 'in use'
}

/** Moves the journal, which decides, and then the rest. False when somebody else was faster. */
async function takeOver(from: string, to: string): Promise<boolean> {
  const [first] = (await readFile(join(to, 'journal'), 'utf8')).split('\n', 1)
  try {
    await rename(join(from, 'journal'), join(to, 'journal.old'))
  } catch {
    return false
  }
  for (const name of await readdir(from)) await rename(join(from, name), join(to, name))
  await rm(from, { recursive: true, force: true })
  const entries = (await readFile(join(to, 'journal.old'), 'utf8')).split('\n').slice(1)
  await writeFile(join(to, 'journal'), [first, ...entries].join('\n'))
  await rm(join(to, 'journal.old'))
  return true
}

/**
 * Makes the folder inside `parent`. `identity` names what is transferred from where to where; with `resume` the work
 * of a broken transfer of the same identity is taken over, and this one's may be kept.
 */
export async function openWorkFolder(parent: string, identity: string, resume: boolean): Promise<WorkFolder> {
  const id = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  const name = `${PREFIX}${id}-${newShortId()}`
  const path = join(parent, name)
  await mkdir(path, { mode: 0o700 })
  const remove = () => rm(path, { recursive: true, force: true })
  if (!resume) return { path, journal: undefined, resumed: false, close: remove }
  await writeFile(join(path, 'journal'), `${JSON.stringify(ourselves())}\n`)
  let resumed = false
  for (const other of await readdir(parent)) {
    if (!other.startsWith(`${PREFIX}${id}-`) || other === name) continue
    const folder = join(parent, other)
    const left = await judge(folder)
    if (left === 'useless') await rm(folder, { recursive: true, force: true })
    else if (left === 'usable' && !resumed) resumed = await takeOver(folder, path)
  }
  const journal = openJournal(join(path, 'journal'))
  return {
    ...{ path, journal, resumed },
    close: async (keep) => {
      // Somebody may have removed the whole destination.
      if (existsSync(path)) journal.flush()
      if (!keep) await remove()
    },
  }
}
