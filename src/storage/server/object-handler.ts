// The HTTP face of the object store: path-style S3 over node:http. Takes a request apart, asks who it is,
// runs the one operation, and turns every error into S3's XML.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { newShortId } from '../../lib/id.ts'
import type { SignableRequest } from '../../lib/signature/canonical.ts'
import { leaf, xmlError } from '../xml.ts'
import { type Authorize, payloadOf } from './authorize.ts'
import * as buckets from './bucket-operations.ts'
import type { Call } from './call.ts'
import * as lists from './list-operations.ts'
import * as multipart from './multipart-operations.ts'
import * as objects from './object-operations.ts'
import { type ObjectOperation, type ObjectRequest, parseRequest, signableOf } from './operation.ts'
import type { ObjectsOfProjects } from './project-objects.ts'
import { StorageError, toStorageError } from './storage-error.ts'

const HANDLERS: Readonly<Record<ObjectOperation, (call: Call) => Promise<void>>> = {
  ListBuckets: buckets.listBuckets,
  ShowApiVersion: buckets.showApiVersion,
  HeadBucket: buckets.headBucket,
  CreateBucket: buckets.createBucket,
  DeleteBucket: buckets.deleteBucket,
  GetBucketLocation: buckets.getBucketLocation,
  GetBucketVersioning: buckets.getBucketVersioning,
  GetBucketAcl: buckets.getAcl,
  GetBucketPolicy: buckets.getAbsentSetting,
  GetBucketCors: buckets.getAbsentSetting,
  GetBucketTagging: buckets.getAbsentSetting,
  GetBucketLifecycle: buckets.getAbsentSetting,
  GetBucketEncryption: buckets.getAbsentSetting,
  ListObjects: lists.listObjectsV1,
  ListObjectsV2: lists.listObjectsV2,
  DeleteObjects: objects.deleteObjects,
  GetObject: objects.getObject,
  HeadObject: objects.headObject,
  PutObject: objects.putObject,
  DeleteObject: objects.deleteObject,
  GetObjectAcl: buckets.getAcl,
  GetObjectTagging: buckets.getObjectTagging,
  CreateMultipartUpload: multipart.createUpload,
  UploadPart: multipart.uploadPart,
  CompleteMultipartUpload: multipart.completeUpload,
  AbortMultipartUpload: multipart.abortUpload,
  ListParts: multipart.listParts,
  ListMultipartUploads: multipart.listUploads,
}

/** Whatever is not among these needs the right to write. */
const READS: ReadonlySet<ObjectOperation> = new Set(
  (Object.keys(HANDLERS) as ObjectOperation[]).filter((name) => /^(Get|Head|List|Show)/.test(name)),
)

export type ObjectHandlerOptions = {
  readonly store: ObjectsOfProjects
  readonly authorize: Authorize
  /** Hears of failures that are ours (InternalError, full disk), with their cause. */
  readonly onFailure?: (error: StorageError) => void
}

const OF_NOBODY = { principal: { projectId: '' }, payload: undefined }

// Above this, an unread body costs more than a new connection.
const MAX_DRAIN_BYTES = 64 * 1024 * 1024

function sendError(req: IncomingMessage, res: ServerResponse, error: StorageError, path: string): void {
  if (res.headersSent || res.destroyed) {
    // Half an answer is out: only a cut connection tells the client that the rest is missing.
    res.destroy()
    return
  }
  const id = String(res.getHeader('x-amz-request-id'))
  const bare = req.method === 'HEAD' || error.status === 304
  const facts = [leaf('Code', error.wireCode), leaf('Message', error.message), leaf('Resource', path)]
  const xml = bare ? '' : xmlError(...facts, leaf('RequestId', id))
  if (!req.complete) {
    // The client may still be sending, and would not read the answer before it is done.
    if (!(Number(req.headers['content-length'] ?? 0) <= MAX_DRAIN_BYTES)) res.setHeader('connection', 'close')
    req.resume()
  }
  if (xml !== '') res.setHeader('content-type', 'application/xml')
  if (error.status !== 304) res.setHeader('content-length', Buffer.byteLength(xml))
  res.writeHead(error.status)
  res.end(xml)
}

async function allow(authorize: Authorize, asked: ObjectRequest, target: Partial<ObjectRequest> = {}) {
  const { operation, bucket, key } = { ...asked, ...target }
  const result = await authorize({ request: asked.signable, operation, bucket, key })
  if (!result.ok) throw new StorageError(result.code, result.message)
  if (!READS.has(operation) && !result.principal.writes)
    throw new StorageError(
      'AccessDenied',
      `${operation} changes something, and this access key may only read`,
    )
  return result
}

async function answer(
  options: ObjectHandlerOptions,
  req: IncomingMessage,
  res: ServerResponse,
  signable: SignableRequest,
): Promise<void> {
  const asked = parseRequest(signable)
  // OBS clients ask this before they know how to sign.
  const open = asked.operation === 'ShowApiVersion'
  const allowed = open ? OF_NOBODY : await allow(options.authorize, asked)
  const call: Call = {
    req,
    res,
    store: options.store.within(allowed.principal.projectId),
    asked,
    headers: signable.headers,
    payload: payloadOf(allowed, signable),
    allowSource: async (bucket, key) => {
      await allow(options.authorize, asked, { operation: 'GetObject', bucket, key })
    },
  }
  await HANDLERS[asked.operation](call)
}

/** A request listener for node:http. Never rejects and never throws. */
export function createObjectHandler(
  options: ObjectHandlerOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  // Random for each server, counted for each request: fresh randomness for every answer would cost more than the answer.
  const server = newShortId(8).toUpperCase()
  let count = 0
  return (req, res) => {
    const signable = signableOf(req)
    count += 1
    res.setHeader('x-amz-request-id', `${server}${count.toString(36).toUpperCase().padStart(8, '0')}`)
    answer(options, req, res, signable).catch((thrown: unknown) => {
      const error = toStorageError(thrown)
      // A client that went away is no failure of ours.
      const ours = (error.code === 'InternalError' && !error.foreign) || error.code === 'InsufficientStorage'
      if (ours && !res.destroyed && !req.errored) options.onFailure?.(error)
      sendError(req, res, error, signable.path)
    })
  }
}
