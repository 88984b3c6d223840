// Inputs and outputs of a body: their object paths, local folders and names.
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { EVENTS } from './events.ts'
import type { NewEvent } from './job.ts'
import { type ObjectPath, parseObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'
import { whatIsThere } from './what-is-there.ts'

type Channel = {
  name: string
  local_dir?: string | null | undefined
  remote: { obs?: { obs_url: string } | null | undefined }
}

/** Throws AppError for a channel that cannot work; returns a Warning for an input with nothing in it. */
export async function checkChannels(body: TrainingJobRequest, catalog: ObjectCatalog): Promise<NewEvent[]> {
  const { inputs, outputs, parameters } = body.algorithm ?? {}
  checkNames([...(inputs ?? []), ...(outputs ?? []), ...(parameters ?? [])].map(({ name }) => name))
  const warnings: NewEvent[] = []
  for (const [index, input] of (inputs ?? []).entries()) {
    const field = `algorithm.inputs[${index}]`
    const path = await checkChannel(field, input, catalog)
    if ((await catalog.list(path.bucket, path.key, 1)).length === 0) {
      throw new AppError(
        'InvalidObsPath',
        `${field}.remote.obs.obs_url: nothing is under obs://${path.bucket}/${path.key}; ${await whatIsThere(path, catalog)}`,
      )
    }
  }
  const folders: ObjectPath[] = []
  for (const [index, output] of (outputs ?? []).entries()) {
    const field = `algorithm.outputs[${index}]`
    const path = await checkChannel(field, output, catalog)
    checkApart(field, path, folders)
    folders.push(path)
    if ((await catalog.list(path.bucket, path.key, 1)).length > 0) {
      warnings.push(
        EVENTS.dataMissing(
          `Output "${output.name}": obs://${path.bucket}/${path.key} is not empty; files of the same name will be replaced.`,
        ),
      )
    }
  }
  return warnings
}

/** Outputs of one job in one folder would replace one another's files. */
function checkApart(field: string, path: ObjectPath, others: readonly ObjectPath[]): void {
  const clash = others.findIndex(
    ({ bucket, key }) => bucket === path.bucket && (key.startsWith(path.key) || path.key.startsWith(key)),
  )
  if (clash >= 0)
    throw new AppError(
      'InvalidParam',
      `${field}.remote.obs.obs_url: obs://${path.bucket}/${path.key} lies in or holds the folder of algorithm.outputs[${clash}]; valid: a folder of its own`,
    )
}

function checkNames(names: readonly string[]): void {
  const seen = new Set<string>()
  const repeated = names.find((name) => seen.size === seen.add(name).size)
  if (repeated !== undefined) {
    throw new AppError(
      'InvalidParam',
      `algorithm: the name ${JSON.stringify(repeated)} stands twice among inputs, outputs and parameters; valid: each name once`,
    )
  }
}

async function checkChannel(
  field: string,
  channel: Channel,
  catalog: ObjectCatalog,
): Promise<{ bucket: string; key: string }> {
  const url = channel.remote.obs?.obs_url ?? ''
  const path = parseObjectPath(url)
  if (!path)
    throw new AppError(
      'InvalidObsPath',
      `${field}.remote.obs.obs_url: got ${JSON.stringify(url)}; valid: obs://bucket/folder/`,
    )
  if (path.key !== '' && !path.key.endsWith('/')) {
    throw new AppError(
      'InvalidObsPath',
      `${field}.remote.obs.obs_url: got ${JSON.stringify(url)}; valid: a folder, ending with "/"`,
    )
  }
  const dir = channel.local_dir
  if (dir && (!dir.startsWith('/') || dir.split('/').includes('..') || dir.includes('\0'))) {
    throw new AppError(
      'InvalidParam',
      `${field}.local_dir: got ${JSON.stringify(dir)}; valid: an absolute path without ".."`,
    )
  }
  if (!(await catalog.bucketExists(path.bucket))) {
    throw new AppError(
      'BucketNotFound',
      `${field}.remote.obs.obs_url: bucket ${JSON.stringify(path.bucket)} does not exist`,
    )
  }
  return path
}
