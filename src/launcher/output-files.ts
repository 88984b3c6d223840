// Which files of an output have to go out now. Pure.

/** What a file is at one moment; when it changes, the file was written to. */
export type FileFacts = { readonly name: string; readonly size: number; readonly modifiedMs: number }

/** A file that nobody has touched for so long is taken for finished. */
const SETTLED_MS = 2_000

const same = (a: FileFacts | undefined, b: FileFacts): boolean =>
  a !== undefined && a.size === b.size && a.modifiedMs === b.modifiedMs

/**
 * Files that object storage does not have as they are. While the program runs, those it may be in the middle of are
 * left for the next time: half a checkpoint helps nobody, and sending a growing file again and again costs its square.
 */
export function filesToSend<File extends FileFacts>(
  found: readonly File[],
  sent: ReadonlyMap<string, FileFacts>,
  /** As they were at the look before; null when the program has ended and nothing is written any more. */
  before: ReadonlyMap<string, FileFacts> | null,
  nowMs: number,
): File[] {
  return found.filter((file) => {
    if (isMarker(file.name) || same(sent.get(file.name), file)) return false
    return before === null || same(before.get(file.name), file) || file.modifiedMs < nowMs - SETTLED_MS
  })
}

const MARKER = /^\.ropeway-complete(\.[a-z]+-\d+)?\.json$/

/** Says that an output is whole; ours alone, whatever the program writes under such a name. */
export const isMarker = (name: string): boolean => MARKER.test(name)

/** Several tasks write to the same folder, each with a marker of its own. */
export const markerName = (task: string, taskCount: number): string =>
  taskCount === 1 ? '.ropeway-complete.json' : `.ropeway-complete.${task}.json`
