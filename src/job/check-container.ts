// What a body says about shared folders, beyond whether the administrator allows them (volumes.ts): every key is one we
// act on, places do not collide with the system of the image, and nothing has to be written where only reading works.
import { AppError } from '../api/error.ts'
import { nearestName } from '../lib/nearest-name.ts'
import type { ContainerVolume } from './volumes.ts'

/** Both generations' names (modelarts.md §1.3.3, §2.2). Each line is one thing; `id` of v1's nfs is not needed. */
const KEYS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  nfs: [['nfs_server_path', 'src_path'], ['local_path', 'dest_path'], ['read_only'], ['id']],
  host_path: [['src_path', 'host_path', 'path'], ['local_path', 'dest_path'], ['read_only']],
}

/** Folders of every image that hold its system; below most of them a volume may lie. */
const SYSTEM = /^\/(bin|boot|lib\w*|root|sbin|usr|var)$/
const RUN_TRAIN = '/home/work/run_train.sh'

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`)

function invalid(field: string, got: unknown, valid: string): never {
  throw new AppError('InvalidParam', `${field}: got ${JSON.stringify(got)}; valid: ${valid}`)
}

/**
 * Refuses keys nobody knows: a misspelt `read_only` must not become a writable mount. Kinds we do not mount are left to
 * volumesOf, which refuses them by name. Throws AppError InvalidParam.
 */
export function checkVolumeKeys(volumes: readonly Readonly<Record<string, unknown>>[]): void {
  for (const [index, volume] of volumes.entries()) {
    for (const [kind, details] of Object.entries(volume)) {
      const groups = Object.hasOwn(KEYS, kind) ? KEYS[kind] : undefined
      if (groups === undefined || typeof details !== 'object' || details === null) continue
      checkKeys(`spec.volumes[${index}].${kind}`, details as Readonly<Record<string, unknown>>, groups)
    }
  }
}

function checkKeys(
  field: string,
  details: Readonly<Record<string, unknown>>,
  groups: readonly (readonly string[])[],
): void {
  const known = groups.flat()
  for (const key of Object.keys(details)) {
    if (known.includes(key)) continue
    const shown = key.slice(0, 64)
    invalid(field, shown, `${known.join(', ')} (did you mean ${JSON.stringify(nearestName(key, known))}?)`)
  }
  for (const names of groups) {
    const given = names.filter((name) => details[name] !== undefined && details[name] !== null)
    const [first = '', other] = given
    if (other !== undefined && details[first] !== details[other])
      invalid(`${field}.${other}`, details[other], `one of ${first} and ${other}, they mean the same`)
  }
}

/** Throws AppError InvalidParam for a place that holds the image's system, or our run_train.sh. */
export function checkVolumeTargets(volumes: readonly ContainerVolume[]): void {
  for (const [index, { target }] of volumes.entries()) {
    if (!SYSTEM.test(target) && !isBelow(target, RUN_TRAIN)) continue
    const what = SYSTEM.test(target) ? 'the system of the image' : 'a file of the platform'
    invalid(`spec.volumes[${index}]: local_path`, target, `a path that does not cover ${what}, such as /data`)
  }
}

/**
 * Folders the platform has to make for the job, without those in a volume: they live on the volume, where the task makes
 * them itself. Throws AppError InvalidParam for one in a volume that can only be read.
 */
export function foldersOutsideVolumes(
  folders: readonly string[],
  volumes: readonly ContainerVolume[],
): string[] {
  return folders.filter((folder) => {
    const index = volumes.findIndex(({ target }) => isBelow(folder, target))
    const holder = volumes[index]
    if (holder?.readOnly)
      invalid(
        `spec.volumes[${index}]: read_only`,
        true,
        `false, or another folder than ${folder}: the job has to write there, below ${holder.target}`,
      )
    return holder === undefined
  })
}
