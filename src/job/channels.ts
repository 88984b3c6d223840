// Inputs, outputs and code of a job: where they are, where they go, what the program is told. Pure.
import type { OutputStaging, Staging } from '../api/task.ts'
import type { Job } from './job.ts'
import { lastFolder, normalizeUrl } from './object-path.ts'
import { MA_MOUNT, PLACES } from './places.ts'

type Access = { readonly access: 'parameter' | 'env' }
export type Channel = Staging & Access
export type OutputChannel = OutputStaging & Access

/** Seconds between two uploads of a running job's outputs (`period` of modelarts.md §1.3.2). */
export const OUTPUT_PERIOD_S = 30

/** Default local folders carry the position in the array, not per name (quirk 8 of modelarts.md §1.11). */
export const defaultLocalDir = (side: 'inputs' | 'outputs', name: string, index: number): string =>
  `${MA_MOUNT}/${side}/${name}_${index}`

/** Inputs of a job with folders resolved. */
export function inputChannels(job: Pick<Job, 'request'>): Channel[] {
  return (job.request.algorithm?.inputs ?? []).map((input, index) => ({
    name: input.name,
    url: normalizeUrl(input.remote.obs?.obs_url ?? ''),
    local_dir: input.local_dir || defaultLocalDir('inputs', input.name, index),
    access: input.access_method || 'parameter',
  }))
}

/** Outputs of a job with folders resolved. */
export function outputChannels(job: Pick<Job, 'request'>): OutputChannel[] {
  return (job.request.algorithm?.outputs ?? []).map((output, index) => ({
    name: output.name,
    url: normalizeUrl(output.remote.obs?.obs_url ?? ''),
    local_dir: output.local_dir || defaultLocalDir('outputs', output.name, index),
    access: output.access_method || 'parameter',
    prefetch: output.prefetch_to_local === true,
    sync_s: output.period ?? OUTPUT_PERIOD_S,
  }))
}

/** The code folder, or null when the image brings the code. `local_dir` is the folder that the code's folder lands in. */
export function codeStaging(job: Pick<Job, 'request' | 'generation'>): Staging | null {
  const codeDir = job.request.algorithm?.code_dir
  if (!codeDir || codeDir.startsWith('file://')) return null
  const parent = job.request.algorithm?.local_code_dir || PLACES[job.generation].jobDir
  return { name: 'code', url: normalizeUrl(codeDir), local_dir: parent }
}

/** Absolute path of the boot file inside the task, or null when there is none. */
export function localBootFile(job: Pick<Job, 'request' | 'generation'>): string | null {
  const { code_dir: codeDir, boot_file: bootFile, local_code_dir: localCodeDir } = job.request.algorithm ?? {}
  if (!bootFile) return null
  if (bootFile.startsWith('file://')) return bootFile.slice('file://'.length)
  const parent = localCodeDir || PLACES[job.generation].jobDir
  const relative = codeDir ? normalizeUrl(bootFile).slice(normalizeUrl(codeDir).length) : bootFile
  return `${parent}/${codeDir ? `${lastFolder(codeDir)}/` : ''}${relative}`
}
