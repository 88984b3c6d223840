// The options of `ma-cli ma-job submit` as a create body. Pure.
import type { JobDocument } from '../job/job-file.ts'
import type { Channel, SubmitValues } from './options.ts'

/** `newName` names a job that has no name. What was not given does not stand in the body. */
export function submitBody(values: SubmitValues, newName: () => string): JobDocument {
  const { policy, volumes } = values
  return {
    kind: 'job',
    metadata: given({
      name: values.name ?? newName(),
      description: values.description,
      workspace_id: values['workspace-id'],
    }),
    algorithm: algorithmOf(values),
    spec: given({
      resource: given({
        flavor_id: values['train-instance-type'],
        node_count: values['train-instance-count'] ?? 1,
        pool_id: values['pool-id'],
        policy,
      }),
      log_export_path: values['log-url'] === undefined ? undefined : { obs_url: values['log-url'] },
      volumes: volumes?.map(volumeOf),
    }),
  }
}

function algorithmOf(values: SubmitValues): JobDocument {
  const dataUrl = values['data-url']
  const inputs = [
    ...(dataUrl === undefined ? [] : [{ name: 'data_url', value: dataUrl }]),
    ...(values.input ?? []),
  ]
  const pairs = values['env-variables']?.map(({ name, value }) => [name, value] as const)
  return given({
    engine: engineOf(values),
    code_dir: values['code-dir'],
    boot_file: bootFileOf(values),
    command: values['user-command'],
    local_code_dir: values['local-code-dir'],
    working_dir: values['working-dir'],
    environments: pairs && Object.fromEntries(pairs),
    parameters: values.parameters,
    inputs: inputs.length === 0 ? undefined : inputs.map(channelOf),
    outputs: values.output?.map(channelOf),
  })
}

function engineOf(values: SubmitValues): JobDocument | undefined {
  const engine = given({
    engine_name: values['framework-type'],
    engine_version: values['framework-version'],
    image_url: values['image-url'],
    run_user: values.uid,
  })
  return Object.keys(engine).length === 0 ? undefined : engine
}

/** ma-cli names the boot file within the code folder; the API wants the whole path. */
function bootFileOf({ 'boot-file': file, 'code-dir': folder }: SubmitValues): string | undefined {
  if (file === undefined || folder === undefined || /^(\w+:\/\/|\/)/.test(file)) return file
  return `${folder.replace(/\/*$/, '/')}${file.replace(/^\.\//, '')}`
}

const channelOf = ({ name, value, localDir, accessMethod }: Channel): JobDocument =>
  given({ name, local_dir: localDir, access_method: accessMethod, remote: { obs: { obs_url: value } } })

/** `efs` is what ma-cli calls an NFS share. */
function volumeOf(volume: unknown): unknown {
  if (typeof volume !== 'object' || volume === null || !('efs' in volume)) return volume
  const { efs, ...others } = volume
  return { ...others, nfs: efs }
}

const given = (fields: JobDocument): JobDocument =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
