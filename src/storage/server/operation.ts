// Which operation a request asks for: a table from resource, method and sub-resource to S3's operation names.
import type { IncomingMessage } from 'node:http'
import { percentDecode, queryPairs, type SignableRequest } from '../../lib/signature/canonical.ts'
import { StorageError, type StorageErrorCode } from './storage-error.ts'

// `METHOD resource sub-resource` → operation. The order decides between sub-resources of one request.
const OPERATIONS = {
  'GET service': 'ListBuckets',
  'GET service apiversion': 'ShowApiVersion',
  'HEAD service apiversion': 'ShowApiVersion',
  'GET bucket apiversion': 'ShowApiVersion',
  'HEAD bucket apiversion': 'ShowApiVersion',
  'GET bucket location': 'GetBucketLocation',
  'GET bucket versioning': 'GetBucketVersioning',
  'GET bucket acl': 'GetBucketAcl',
  'GET bucket policy': 'GetBucketPolicy',
  'GET bucket cors': 'GetBucketCors',
  'GET bucket tagging': 'GetBucketTagging',
  'GET bucket lifecycle': 'GetBucketLifecycle',
  'GET bucket encryption': 'GetBucketEncryption',
  'GET bucket uploads': 'ListMultipartUploads',
  'GET bucket list-type': 'ListObjectsV2',
  'GET bucket': 'ListObjects',
  'HEAD bucket': 'HeadBucket',
  'PUT bucket': 'CreateBucket',
  'DELETE bucket': 'DeleteBucket',
  'POST bucket delete': 'DeleteObjects',
  'GET object acl': 'GetObjectAcl',
  'GET object tagging': 'GetObjectTagging',
  'GET object uploadId': 'ListParts',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'PUT object uploadId': 'UploadPart',
  'PUT object': 'PutObject',
  'DELETE object uploadId': 'AbortMultipartUpload',
  'DELETE object': 'DeleteObject',
  'POST object uploads': 'CreateMultipartUpload',
  'POST object uploadId': 'CompleteMultipartUpload',
} as const

export type ObjectOperation = (typeof OPERATIONS)[keyof typeof OPERATIONS]

/** Sub-resources of the two S3 and OBS dialects; asking for one not in the table above is NotImplemented, never ignored. */
const SUB_RESOURCES = [
  ...[
    'accelerate',
    'acl',
    'analytics',
    'apiversion',
    'append',
    'attributes',
    'backtosource',
    'cors',
    'customdomain',
  ],
  ...[
    'delete',
    'deletebucket',
    'directcoldaccess',
    'encryption',
    'intelligent-tiering',
    'inventory',
    'legal-hold',
  ],
  ...[
    'lifecycle',
    'list-type',
    'location',
    'logging',
    'metadata',
    'metrics',
    'modify',
    'notification',
    'object-lock',
  ],
  ...['ownershipControls', 'policy', 'policyStatus', 'publicAccessBlock', 'quota', 'rename', 'replication'],
  ...[
    'requestPayment',
    'restore',
    'retention',
    'select',
    'storageClass',
    'storagePolicy',
    'storageinfo',
    'tagging',
  ],
  ...['torrent', 'truncate', 'uploadId', 'uploads', 'versioning', 'versions', 'website'],
]

/** A request taken apart. `query` has decoded names and values, the first of a repeated name. */
export type ObjectRequest = {
  readonly signable: SignableRequest
  readonly operation: ObjectOperation
  readonly query: ReadonlyMap<string, string>
  readonly bucket: string
  readonly key: string
}

function decoded(text: string): string {
  const result = percentDecode(text)
  if (result === undefined) throw new StorageError('InvalidURI')
  return result
}

function operationOf(method: string, resource: string, query: ReadonlyMap<string, string>): ObjectOperation {
  const named = SUB_RESOURCES.filter((name) => query.has(name))
  const known: Readonly<Record<string, ObjectOperation>> = OPERATIONS
  for (const name of named) {
    const operation = known[`${method} ${resource} ${name}`]
    if (operation) return operation
  }
  const [unknown] = named
  if (unknown !== undefined)
    throw new StorageError(
      'NotImplemented',
      `${method} ?${unknown} of a ${resource} is not offered by this object server`,
    )
  const operation = known[`${method} ${resource}`]
  const code: StorageErrorCode = 'MethodNotAllowed'
  if (!operation)
    throw new StorageError(code, `${method} of a ${resource} without a sub-resource is not possible`)
  return operation
}

/** Headers as one text each, names in lower case. */
export function plainHeaders(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(req.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  return headers
}

/** The part of a request that signatures and error answers need; never throws. */
export function signableOf(req: IncomingMessage): SignableRequest {
  // Proxies send the whole address.
  const target = (req.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '')
  const at = target.indexOf('?')
  const path = (at < 0 ? target : target.slice(0, at)) || '/'
  return {
    method: req.method ?? 'GET',
    path,
    query: at < 0 ? '' : target.slice(at + 1),
    headers: plainHeaders(req),
  }
}

/** Takes a path-style request apart. Throws InvalidURI, MethodNotAllowed or NotImplemented. */
export function parseRequest(signable: SignableRequest): ObjectRequest {
  const query = new Map<string, string>()
  for (const [name, value] of queryPairs(signable.query)) {
    const plain = decoded(name)
    if (!query.has(plain)) query.set(plain, decoded(value))
  }
  const path = signable.path.slice(1)
  const slash = path.indexOf('/')
  const bucket = decoded(slash < 0 ? path : path.slice(0, slash))
  const key = slash < 0 ? '' : decoded(path.slice(slash + 1))
  const resource = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object'
  return { signable, operation: operationOf(signable.method, resource, query), query, bucket, key }
}
