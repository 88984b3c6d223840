// Inputs and outputs of a body: their object paths, local folders and names.
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { EVENTS } from './events.ts'
import type { NewEvent } from './job.ts'
import { parseObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'

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
    if ((await catalog.listKeys(path.bucket, path.key, 1)).length === 0) {
      throw new AppError(
        'InvalidObsPath',
        `${field}.remote.obs.obs_url: nothing is under obs://${path.bucket}/${path.key}; valid: a folder with data`,
      )
    }
  }
  for (const [index, output] of (outputs ?? []).entries()) {
    const path = await checkChannel(`algorithm.outputs[${index}]`, output, catalog)
    if ((await catalog.listKeys(path.bucket, path.key, 1)).length > 0) {
      warnings.push(
        EVENTS.dataMissing(
          `Output "${output.name}": obs://${path.bucket}/${path.key} is not empty; files of the same name will be replaced.`,
        ),
      )
    }
  }
  return warnings
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
