// `spec.log_export_path`: where a job's logs are brought beside the server's own copy (modelarts.md §1.3.3).
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { parseObjectPath } from './object-path.ts'
import type { ObjectCatalog } from './ports.ts'
import type { Site } from './site.ts'

/** `prefix` is empty or ends with "/"; `path` is absolute, without ".", ".." and a last "/". */
export type LogExportTarget =
  | { readonly kind: 'objects'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'folder'; readonly path: string }

const FIELD = 'spec.log_export_path'
/** A key has at most 1024 bytes, and the names of logs stand behind the prefix. */
const MAX_PREFIX_BYTES = 800

/** Where the logs of a job go; null when nothing is set, empty texts included (quirk 7 of modelarts.md §1.11). */
export function logExportTargetOf(request: Pick<TrainingJobRequest, 'spec'>): LogExportTarget | null {
  const { obs_url: url, host_path: hostPath } = request.spec?.log_export_path ?? {}
  if (hostPath) return { kind: 'folder', path: normalizeFolder(hostPath) }
  const path = url ? parseObjectPath(url) : null
  if (!path) return null
  const prefix = path.key === '' || path.key.endsWith('/') ? path.key : `${path.key}/`
  return { kind: 'objects', bucket: path.bucket, prefix }
}

/** The target as people write it. */
export const targetText = (target: LogExportTarget): string =>
  target.kind === 'folder' ? `${target.path}/` : `obs://${target.bucket}/${target.prefix}`

/** Throws AppError for a path that no log could be brought to. */
export async function checkLogExport(
  body: TrainingJobRequest,
  site: Pick<Site, 'logExportPaths'>,
  catalog: ObjectCatalog,
): Promise<void> {
  const { obs_url: url, host_path: hostPath } = body.spec?.log_export_path ?? {}
  if (url && hostPath)
    throw new AppError('InvalidParam', `${FIELD}: got obs_url and host_path; valid: one of the two`)
  if (hostPath) checkHostPath(hostPath, site.logExportPaths)
  if (url) await checkUrl(url, catalog)
}

async function checkUrl(url: string, catalog: ObjectCatalog): Promise<void> {
  const path = parseObjectPath(url)
  if (!path || Buffer.byteLength(path.key) > MAX_PREFIX_BYTES) {
    throw new AppError(
      'InvalidObsPath',
      `${FIELD}.obs_url: got ${JSON.stringify(url.slice(0, 200))}; valid: obs://bucket/folder/, the folder at most ${MAX_PREFIX_BYTES} bytes`,
    )
  }
  if (!(await catalog.bucketExists(path.bucket)))
    throw new AppError(
      'BucketNotFound',
      `${FIELD}.obs_url: bucket ${JSON.stringify(path.bucket)} does not exist`,
    )
}

function checkHostPath(hostPath: string, allowed: readonly string[]): void {
  const got = `${FIELD}.host_path: got ${JSON.stringify(hostPath.slice(0, 200))}`
  if (allowed.length === 0)
    throw new AppError(
      'NotSupported',
      `${got}; this installation allows no folder of the host for logs; valid: obs_url`,
    )
  const unclean = !hostPath.startsWith('/') || /\p{Cc}/u.test(hostPath) || hostPath.split('/').includes('..')
  if (unclean || allowedRootOf(normalizeFolder(hostPath), allowed) === null) {
    throw new AppError(
      'InvalidParam',
      `${got}; valid: a folder, without "..", that is or lies below ${allowed.join(', ')}`,
    )
  }
}

/** The allowed folder that a normalised path is or lies below; null when there is none. The longest wins. */
export function allowedRootOf(path: string, allowed: readonly string[]): string | null {
  const roots = allowed
    .filter((root) => {
      const folder = normalizeFolder(root)
      return folder === '/' || path === folder || path.startsWith(`${folder}/`)
    })
    .sort((a, b) => b.length - a.length)
  return roots[0] ?? null
}

/** Without doubled and last slashes and without ".". */
function normalizeFolder(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return `/${parts.join('/')}`
}
