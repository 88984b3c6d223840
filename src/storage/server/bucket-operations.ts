// Operations on buckets, and the small answers about them that clients ask for before they start.

import { element, leaf, xmlDocument } from '../xml.ts'
import { type Call, sendEmpty, sendXml } from './call.ts'
import type { ObjectOperation } from './operation.ts'
import { StorageError, type StorageErrorCode } from './storage-error.ts'

/** There is one owner of everything; who may do what is not told by ACLs here. */
export const OWNER_XML = element('Owner', leaf('ID', 'ropeway'), leaf('DisplayName', 'ropeway'))

/** ISO 8601 with milliseconds, as in S3's lists. */
export const isoDate = (ms: number): string => new Date(ms).toISOString()

export async function listBuckets(call: Call): Promise<void> {
  const buckets = (await call.store.listBuckets()).map(({ name, createdMs }) =>
    element('Bucket', leaf('Name', name), leaf('CreationDate', isoDate(createdMs))),
  )
  sendXml(call, xmlDocument('ListAllMyBucketsResult', OWNER_XML, element('Buckets', ...buckets)))
}

/**
 * Answers OBS clients that ask which dialect is spoken. No x-obs-api header: they then speak S3's.
 */
export async function showApiVersion(call: Call): Promise<void> {
  sendEmpty(call, 200)
}

async function checkBucket(call: Call): Promise<void> {
  await call.store.list({ bucket: call.asked.bucket, limit: 0 })
}

export async function headBucket(call: Call): Promise<void> {
  await checkBucket(call)
  sendEmpty(call, 200)
}

export async function createBucket(call: Call): Promise<void> {
  const { bucket } = call.asked
  // Its body only names a region, and there is one place here.
  call.req.resume()
  if (!(await call.store.createBucket(bucket))) throw new StorageError('BucketAlreadyOwnedByYou')
  sendEmpty(call, 200, { location: `/${bucket}` })
}

export async function deleteBucket(call: Call): Promise<void> {
  await call.store.deleteBucket(call.asked.bucket)
  sendEmpty(call, 204)
}

export async function getBucketLocation(call: Call): Promise<void> {
  await checkBucket(call)
  sendXml(call, xmlDocument('LocationConstraint'))
}

export async function getBucketVersioning(call: Call): Promise<void> {
  await checkBucket(call)
  sendXml(call, xmlDocument('VersioningConfiguration'))
}

/** The ACL of a bucket or object: its owner may do everything. */
export async function getAcl(call: Call): Promise<void> {
  const { bucket, key } = call.asked
  if (key === '') await checkBucket(call)
  else await call.store.head(bucket, key)
  const grantee =
    '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">' +
    `${leaf('ID', 'ropeway')}${leaf('DisplayName', 'ropeway')}</Grantee>`
  const grant = element('Grant', grantee, leaf('Permission', 'FULL_CONTROL'))
  sendXml(call, xmlDocument('AccessControlPolicy', OWNER_XML, element('AccessControlList', grant)))
}

const ABSENT_SETTINGS: Partial<Record<ObjectOperation, StorageErrorCode>> = {
  GetBucketPolicy: 'NoSuchBucketPolicy',
  GetBucketCors: 'NoSuchCORSConfiguration',
  GetBucketTagging: 'NoSuchTagSet',
  GetBucketLifecycle: 'NoSuchLifecycleConfiguration',
  GetBucketEncryption: 'ServerSideEncryptionConfigurationNotFoundError',
}

/** Settings a bucket never has here, each refused in the word S3 has for it. */
export async function getAbsentSetting(call: Call): Promise<void> {
  await checkBucket(call)
  throw new StorageError(ABSENT_SETTINGS[call.asked.operation] ?? 'NotImplemented')
}

export async function getObjectTagging(call: Call): Promise<void> {
  await call.store.head(call.asked.bucket, call.asked.key)
  sendXml(call, xmlDocument('Tagging', element('TagSet')))
}
