// Is the code where the body says it is? Asked at create time, so that nobody waits in a queue to learn of a typo.
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { type CodeLimits, checkCodeLimits } from './code-limits.ts'
import { runTrainArguments } from './command.ts'
import { EVENTS } from './events.ts'
import type { NewEvent } from './job.ts'
import { lastFolder, normalizeUrl, type ObjectPath, parseObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'
import { whatIsThere } from './what-is-there.ts'

const SHOWN = 10

/** Throws AppError for code that is not there; returns Warnings for data of a run_train.sh command that is not. */
export async function checkCode(
  body: Pick<TrainingJobRequest, 'algorithm'>,
  catalog: ObjectCatalog,
  limits: CodeLimits,
): Promise<NewEvent[]> {
  const {
    code_dir: codeDir,
    boot_file: bootFile,
    command,
    local_code_dir: localCodeDir,
  } = body.algorithm ?? {}
  checkLocalCodeDir(localCodeDir)
  if (codeDir && !codeDir.startsWith('file://')) {
    const folder = await checkFolder('algorithm.code_dir', codeDir, catalog, limits)
    if (bootFile) await checkBootFile(codeDir, bootFile, folder, catalog)
  }
  const args = runTrainArguments(command ?? '')
  const [url, boot] = args ?? []
  if (!args || !url || !/^(obs|s3):\/\//.test(url)) return []
  const folder = await checkFolder('algorithm.command, the code path of run_train.sh', url, catalog, limits)
  await checkRunTrainBoot(url, boot, folder, catalog)
  return dataWarnings(args.slice(3), catalog)
}

/** Where `code_dir` may be put (modelarts.md §1.3.2). */
function checkLocalCodeDir(dir: string | null | undefined): void {
  if (!dir) return
  const taken = ['/home/ma-user/modelarts', '/home/ma-user/modelarts-dev', '/home/ma-user/infer']
  const isTaken =
    dir === '/home/ma-user' || taken.some((folder) => dir === folder || dir.startsWith(`${folder}/`))
  if (!dir.startsWith('/home/') || dir.split('/').includes('..') || isTaken) {
    throw new AppError(
      'InvalidLocalCodeDir',
      `algorithm.local_code_dir: got ${JSON.stringify(dir)}; valid: a folder under /home, but none of /home/ma-user, ${taken.join(', ')}`,
    )
  }
}

/** A folder path with a bucket that exists and something in it, but not too much. */
async function checkFolder(
  field: string,
  text: string,
  catalog: ObjectCatalog,
  limits: CodeLimits,
): Promise<ObjectPath> {
  const path = parseObjectPath(text)
  if (!path)
    throw new AppError('InvalidObsPath', `${field}: got ${JSON.stringify(text)}; valid: obs://bucket/folder/`)
  if (!text.endsWith('/'))
    throw new AppError(
      'InvalidObsPath',
      `${field}: got ${JSON.stringify(text)}; valid: a folder, ending with "/"`,
    )
  if (!(await catalog.bucketExists(path.bucket))) {
    throw new AppError('BucketNotFound', `${field}: bucket ${JSON.stringify(path.bucket)} does not exist`)
  }
  const objects = await catalog.list(path.bucket, path.key, limits.maxFiles + 1)
  if (objects.length === 0)
    throw new AppError(
      'CodeDirError',
      `${field}: nothing is under ${normalizeUrl(text)}; ${await whatIsThere(path, catalog)}`,
    )
  checkCodeLimits(field, normalizeUrl(text), objects, limits)
  return path
}

async function checkBootFile(
  codeDir: string,
  bootFile: string,
  folder: ObjectPath,
  catalog: ObjectCatalog,
): Promise<void> {
  const file = parseObjectPath(bootFile)
  if (!file || file.bucket !== folder.bucket || !file.key.startsWith(folder.key)) {
    throw new AppError(
      'BootFileNotInCodeDir',
      `algorithm.boot_file: got ${JSON.stringify(bootFile)}; valid: a path under ${codeDir}`,
    )
  }
  await mustExist('algorithm.boot_file', file, folder, catalog)
}

/** `<last folder>/<boot file>`, relative to the folder that holds the code's folder (the seed document's command). */
async function checkRunTrainBoot(
  url: string,
  boot: string | undefined,
  folder: ObjectPath,
  catalog: ObjectCatalog,
): Promise<void> {
  const field = 'algorithm.command, the boot file of run_train.sh'
  const prefix = `${lastFolder(url)}/`
  if (!boot) throw new AppError('BootFileError', `${field}: missing; valid: ${prefix}<file>.py`)
  if (!boot.startsWith(prefix) || boot.split('/').includes('..')) {
    throw new AppError(
      'BootFileNotInCodeDir',
      `${field}: got ${JSON.stringify(boot)}; valid: ${prefix}<file>, where ${JSON.stringify(lastFolder(url))} is the last folder of the code path`,
    )
  }
  await mustExist(
    field,
    { bucket: folder.bucket, key: `${folder.key}${boot.slice(prefix.length)}` },
    folder,
    catalog,
  )
}

async function mustExist(
  field: string,
  file: ObjectPath,
  folder: ObjectPath,
  catalog: ObjectCatalog,
): Promise<void> {
  if (await catalog.objectExists(file.bucket, file.key)) return
  const there = await catalog.listNames(folder.bucket, folder.key, SHOWN)
  throw new AppError(
    'BootFileError',
    `${field}: obs://${file.bucket}/${file.key} does not exist; the code folder holds ${there.join(', ')}`,
  )
}

/** Data paths among the program's own arguments: only a warning, the program may not need them. */
async function dataWarnings(args: readonly string[], catalog: ObjectCatalog): Promise<NewEvent[]> {
  const warnings: NewEvent[] = []
  for (const arg of args) {
    const path = parseObjectPath(/^--[^=]+=((?:obs|s3):\/\/.*)$/s.exec(arg)?.[1] ?? '')
    if (path && !(await catalog.bucketExists(path.bucket))) {
      warnings.push(
        EVENTS.dataMissing(`Argument ${arg.slice(0, 200)}: bucket "${path.bucket}" does not exist.`),
      )
    }
  }
  return warnings
}
