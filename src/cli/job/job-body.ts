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
  /** As typed; the server knows what is valid and allowed. */
  readonly shmSize?: string
  readonly pullPolicy?: string
  readonly hostNetwork?: true
  readonly volume?: readonly VolumeFlag[]
  readonly dryRun?: true
}
/** `server` is null for a folder of the host. */
export type VolumeFlag = {
  readonly server: string | null
  readonly source: string
  readonly target: string
  /** undefined: as far as the administrator allows. */
  readonly readOnly: boolean | undefined
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
  const wishes = wishesOf(flags)
  if (Object.keys(wishes).length > 0)
    metadata['annotations'] = { ...objectAt(metadata['annotations']), ...wishes }
  const body: JobDocument = { ...document, kind: document['kind'] ?? 'job', metadata }
  const algorithm = withAlgorithmFlags(objectAt(document['algorithm']), flags)
  if (document['algorithm'] !== undefined || Object.keys(algorithm).length > 0) body['algorithm'] = algorithm
  const spec = objectAt(document['spec'])
  const resource = withResourceFlags(objectAt(spec['resource']), flags)
  if (spec['resource'] !== undefined || Object.keys(resource).length > 0) spec['resource'] = resource
  if (flags.volume) spec['volumes'] = withVolumes(spec['volumes'], flags.volume)
  if (document['spec'] !== undefined || Object.keys(spec).length > 0) body['spec'] = spec
  return body
}

/** Switches that ModelArts' request has no field for travel as annotations. */
function wishesOf({ shmSize, pullPolicy, hostNetwork }: JobFlags): JobDocument {
  const wishes: JobDocument = {}
  put(wishes, 'ropeway/shm-size', shmSize)
  put(wishes, 'ropeway/pull-policy', pullPolicy)
  put(wishes, 'ropeway/host-network', hostNetwork && 'true')
  return wishes
}

/** What the file mounts at the same place gives way. */
function withVolumes(present: unknown, flags: readonly VolumeFlag[]): unknown[] {
  const placeOf = (entry: unknown): unknown => {
    const details = objectAt(Object.values(objectAt(entry))[0])
    return details['local_path'] ?? details['dest_path']
  }
  const kept = listAt(present).filter((entry) => !flags.some(({ target }) => target === placeOf(entry)))
  const added = flags.map(({ server, source, target, readOnly }) => {
    const place = { local_path: target, ...(readOnly === undefined ? {} : { read_only: readOnly }) }
    return server === null
      ? { host_path: { src_path: source, ...place } }
      : { nfs: { nfs_server_path: `${server}:${source}`, ...place } }
  })
  return [...kept, ...added]
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
