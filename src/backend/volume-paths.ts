// Shared folders of this machine are looked at just before they are mounted. No job can put a link in their place, because
// what lies in a folder that jobs may write is never mounted by itself (job/volumes.ts); people on the machine can.
import { realpath } from 'node:fs/promises'
import { AppError } from '../api/error.ts'
import type { ContainerVolume } from '../job/volumes.ts'

/** Throws AppError InvalidParam for a folder that is not there or is reached through a symbolic link. */
export async function checkVolumePaths(volumes: readonly ContainerVolume[]): Promise<void> {
  for (const { source } of volumes) {
    if (source.kind !== 'host_path') continue
    const real = await realpath(source.path).catch(() => null)
    if (real === source.path) continue
    const why = real === null ? 'which is not there' : 'which leads through a symbolic link'
    throw new AppError(
      'InvalidParam',
      `spec.volumes: got ${JSON.stringify(source.path)}, ${why}; valid: a folder of the host by its real path`,
    )
  }
}
