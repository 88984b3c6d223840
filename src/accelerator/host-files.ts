// The real machine behind detection; the only file here that reads the disk and runs programs.
import { execFile } from 'node:child_process'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The little of a machine that detection needs. Everything answers emptily for what is not there. */
export type HostFiles = {
  /** Stands for `/`: on a machine whose drivers lie elsewhere, or a captured layout. */
  readonly root: string
  /** Names inside a folder; empty when it cannot be read. */
  listNames(folder: string): Promise<readonly string[]>
  /** Text of a file; null when it cannot be read. */
  readText(path: string): Promise<string | null>
  exists(path: string): Promise<boolean>
  /** Number of the group that owns a file; null when it is not there. */
  groupOf(path: string): Promise<number | null>
  /** What a program prints; null when it is not there, fails or takes too long. */
  run(program: string, args: readonly string[]): Promise<string | null>
}

/** A driver in trouble may let its tools hang. */
const RUN_TIMEOUT_MS = 10_000
const MAX_OUTPUT = 4 << 20

/** Reads the machine below `root`. What is missing or forbidden counts as empty: no device files, no devices. */
export function hostFiles(root = '/'): HostFiles {
  const at = (path: string): string => join(root, path)
  return {
    root,
    listNames: (folder) => readdir(at(folder)).catch(() => []),
    readText: (path) => readFile(at(path), 'utf8').catch(() => null),
    exists: (path) =>
      access(at(path)).then(
        () => true,
        () => false,
      ),
    groupOf: (path) =>
      stat(at(path)).then(
        ({ gid }) => gid,
        () => null,
      ),
    run: (program, args) =>
      new Promise((resolve) => {
        const options = { timeout: RUN_TIMEOUT_MS, maxBuffer: MAX_OUTPUT, killSignal: 'SIGKILL' as const }
        execFile(at(program), [...args], options, (error, stdout) => resolve(error ? null : stdout))
      }),
  }
}
