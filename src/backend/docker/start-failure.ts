// What an engine's words mean when it does not start a container. Pure.
import { formatSource } from '../../job/volumes.ts'
import type { DockerRequest } from './plan.ts'

/** Codes that `docker run` gives for a program that is not there or may not be run. */
export function startFailureCode(words: string): number {
  if (/permission denied|exec format error/i.test(words)) return 126
  return /no such file|not found/i.test(words) ? 127 : 128
}

/** errno texts of mount(2) for an NFS export, and who can help. */
const NFS_REASONS: readonly (readonly [RegExp, string])[] = [
  [/no such device|unknown filesystem/i, 'the kernel of this machine has no NFS'],
  [/connection refused/i, 'no NFS server answers there'],
  [/timed out|no route to host|network is unreachable/i, 'the NFS server cannot be reached'],
  [/no such file or directory/i, 'the NFS server has no such export'],
  [/permission denied|operation not permitted|access denied/i, 'the NFS server does not let this machine in'],
]

/** The engine's words, behind a sentence of our own where they are known. */
export function explainStartFailure(words: string, { volumes }: Pick<DockerRequest, 'volumes'>): string {
  const said = `The container could not be started: ${words}`
  if (!/failed to mount local volume/.test(words)) return said
  const failed = volumes.find(({ source }) => source.kind === 'nfs' && words.includes(`:${source.path}:`))
  const why = NFS_REASONS.find(([pattern]) => pattern.test(words.slice(words.lastIndexOf(':'))))?.[1]
  if (failed === undefined || why === undefined) return said
  return `The NFS export ${formatSource(failed.source)} could not be mounted at ${failed.target}: ${why} (${words})`
}
