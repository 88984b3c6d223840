// From a body to a stored algorithm, or to an AppError: an algorithm that no job could run is refused when it is made.
import type { AlgorithmRequest, JobConfig } from '../api/algorithm.ts'
import { AppError } from '../api/error.ts'
import type { Algorithm, CodeTree } from './algorithms.ts'
import { checkCode } from './check-code.ts'
import { checkSize } from './check-size.ts'
import { checkRange, checkValue, readConstraint } from './constraints.ts'
import { lastFolder, parseObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'
import { resolveEngine } from './resolve-engine.ts'
import type { Site } from './site.ts'

export type DefineParts = { readonly catalog: ObjectCatalog; readonly site: Site }

type Given = Omit<Algorithm, 'request' | 'codeTree' | 'codeBytes' | 'workspaceId'> & {
  readonly body: AlgorithmRequest
}

/** Checks a body and completes its constraints. */
export async function defineAlgorithm(
  { body, ...rest }: Given,
  { catalog, site }: DefineParts,
): Promise<Algorithm> {
  const config = body.job_config ?? {}
  resolveEngine(config.engine, site)
  checkWhatRuns(config)
  checkRemotes(config)
  const parameters = checkParameters(config.parameters ?? [])
  const request = { ...body, job_config: { ...config, parameters } }
  checkSize(request)
  const { code_dir, boot_file, command } = config
  await checkCode({ algorithm: { code_dir, boot_file, command } }, catalog, site.code)
  const code = await codeTree(config.code_dir, catalog, site.code.maxFiles)
  return {
    ...rest,
    ...code,
    workspaceId: body.metadata.workspace_id || '0',
    request,
  }
}

/** An image and a command, or code and a boot file with an engine or an image. */
function checkWhatRuns({ engine, command, code_dir: codeDir, boot_file: bootFile }: JobConfig): void {
  const hasEngine = Boolean(engine?.image_url || engine?.engine_id || engine?.engine_name)
  if (!hasEngine)
    throw new AppError(
      'MustHaveCmdAndImage',
      'job_config.engine: missing; valid: engine_id, engine_name and engine_version, or image_url',
    )
  if (!command?.trim() && !(codeDir && bootFile))
    throw new AppError(
      'MustHaveCmdAndImage',
      'job_config.command: missing; valid: the command to run, or code_dir and boot_file',
    )
}

/** Channels that may only be data sets could never be given. */
function checkRemotes({ inputs }: JobConfig): void {
  for (const { name, remote_constraints: constraints } of inputs ?? []) {
    const types = (constraints ?? []).map(({ data_type: type }) => (type ?? '').toLowerCase())
    if (types.length > 0 && !types.some((type) => type === '' || type === 'obs'))
      throw new AppError(
        'UnsupportedRemoteType',
        `job_config.inputs.${name}.remote_constraints: got ${types.join(', ')}; valid: obs`,
      )
  }
}

function checkParameters(parameters: NonNullable<JobConfig['parameters']>) {
  const seen = new Set<string>()
  return parameters.map((parameter) => {
    const field = `job_config.parameters.${parameter.name}`
    if (seen.has(parameter.name))
      throw new AppError('ParameterKeyRepeat', `${field}: stands twice; valid: each name once`)
    seen.add(parameter.name)
    const constraint = readConstraint(parameter.constraint, `${field}.constraint`)
    checkRange(constraint, `${field}.constraint`)
    checkValue(parameter.value, constraint, `${field}.value`, {
      type: 'DefaultValueTypeError',
      range: 'DefaultValueIsNotInRange',
    })
    return { ...parameter, constraint }
  })
}

/** The files of the code as they are now. */
async function codeTree(
  codeDir: string | null | undefined,
  catalog: ObjectCatalog,
  maxFiles: number,
): Promise<Pick<Algorithm, 'codeTree' | 'codeBytes'>> {
  const path = codeDir ? parseObjectPath(codeDir) : null
  if (!codeDir || path === null) return { codeTree: null, codeBytes: 0 }
  const files = await catalog.list(path.bucket, path.key, maxFiles)
  return {
    codeTree: treeOf(
      `${lastFolder(codeDir)}/`,
      files.map(({ key }) => key.split('/')),
    ),
    codeBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function treeOf(name: string, paths: readonly (readonly string[])[]): CodeTree {
  const groups = Map.groupBy(paths, ([first = '']) => first)
  const children = [...groups].flatMap(([first, below]): CodeTree[] => {
    if (first === '') return []
    const deeper = below.filter((path) => path.length > 1).map((path) => path.slice(1))
    return [deeper.length > 0 ? treeOf(`${first}/`, deeper) : { name: first }]
  })
  return { name, children }
}
