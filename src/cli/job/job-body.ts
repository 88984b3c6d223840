// Flags and a file become one v2 create body. Pure; flags win over the file.
import type { JobDocument } from './job-file.ts'

/** The job flags as parsed. Pairs are in the order typed. */
export type JobFlags = {
  readonly file?: string
  readonly name?: string
  readonly image?: string
  readonly command?: string
  readonly codeDir?: string
  readonly bootFile?: string
  readonly env?: readonly Pair[]
  readonly parameter?: readonly Pair[]
  readonly input?: readonly Pair[]
  readonly output?: readonly Pair[]
  readonly nodes?: number
  readonly devices?: number
  readonly flavor?: string
  readonly dryRun?: true
}
export type Pair = { readonly name: string; readonly value: string }

const objectAt = (value: unknown): JobDocument =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const listAt = (value: unknown): unknown[] => (Array.isArray(value) ? [...value] : [])

/** Replaces entries of the same name where they stand and adds the others at the end. */
function mergeNamed(present: unknown, added: readonly JobDocument[]): unknown[] {
  const merged = listAt(present)
  for (const entry of added) {
    const index = merged.findIndex((other) => objectAt(other)['name'] === entry['name'])
    if (index < 0) merged.push(entry)
    else merged[index] = { ...objectAt(merged[index]), ...entry }
  }
  return merged
}

const channel = ({ name, value }: Pair): JobDocument => ({ name, remote: { obs: { obs_url: value } } })

/** Sets `key` unless there is nothing to set. */
function put(target: JobDocument, key: string, value: unknown): void {
  if (value !== undefined) target[key] = value
}

/**
 * The create body. `document` is the file's content, untouched; `newName` names a job that has no name.
 * A flavor is one choice: --devices replaces a flavor_id and the other way round.
 */
export function buildJobBody(flags: JobFlags, document: JobDocument, newName: () => string): JobDocument {
  const metadata = objectAt(document['metadata'])
  put(metadata, 'name', flags.name ?? metadata['name'] ?? newName())
  const body: JobDocument = { ...document, kind: document['kind'] ?? 'job', metadata }
  const algorithm = withAlgorithmFlags(objectAt(document['algorithm']), flags)
  if (document['algorithm'] !== undefined || Object.keys(algorithm).length > 0) body['algorithm'] = algorithm
  const spec = objectAt(document['spec'])
  const resource = withResourceFlags(objectAt(spec['resource']), flags)
  if (spec['resource'] !== undefined || Object.keys(resource).length > 0) spec['resource'] = resource
  if (document['spec'] !== undefined || Object.keys(spec).length > 0) body['spec'] = spec
  return body
}

function withAlgorithmFlags(algorithm: JobDocument, flags: JobFlags): JobDocument {
  if (flags.image !== undefined)
    algorithm['engine'] = { ...objectAt(algorithm['engine']), image_url: flags.image }
  put(algorithm, 'command', flags.command)
  put(algorithm, 'code_dir', flags.codeDir)
  put(algorithm, 'boot_file', flags.bootFile)
  if (flags.env) {
    const pairs = flags.env.map(({ name, value }) => [name, value])
    algorithm['environments'] = { ...objectAt(algorithm['environments']), ...Object.fromEntries(pairs) }
  }
  if (flags.parameter) algorithm['parameters'] = mergeNamed(algorithm['parameters'], flags.parameter)
  if (flags.input) algorithm['inputs'] = mergeNamed(algorithm['inputs'], flags.input.map(channel))
  if (flags.output) algorithm['outputs'] = mergeNamed(algorithm['outputs'], flags.output.map(channel))
  return algorithm
}

function withResourceFlags(resource: JobDocument, flags: JobFlags): JobDocument {
  put(resource, 'node_count', flags.nodes)
  if (flags.flavor !== undefined) {
    delete resource['main_container_customized_flavor']
    resource['flavor_id'] = flags.flavor
  }
  if (flags.devices !== undefined) {
    delete resource['flavor_id']
    const size = objectAt(resource['main_container_customized_flavor'])
    resource['main_container_customized_flavor'] = { ...size, accelerator_num: flags.devices }
  }
  return resource
}
