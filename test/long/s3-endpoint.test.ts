// boto3 and OBS' own SDK, unchanged and at their defaults, work in a task that asked for S3 on its loopback.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { body, Ropeway } from '../e2e/harness.ts'

/** With an IP address for a server the SDK signs with V2; keys come from its environment variables. */
const OBS_SCRIPT = `
import os, hashlib
from obs import ObsClient, CompleteMultipartUploadRequest, CompletePart
client = ObsClient(server=os.environ['AWS_ENDPOINT_URL'], security_provider_policy='ENV')
def ok(answer):
    assert answer.status < 300, (answer.status, answer.errorCode, answer.errorMessage)
    return answer.body
data = bytes(range(256)) * 120000
open('/tmp/obs-local', 'wb').write(data)
name = 'obs/a b+ü.txt'
ok(client.putContent('bucket', name, 'text ü', metadata={'note': 'x'}))
assert ok(client.getObject('bucket', name, loadStreamInMemory=True)).buffer == 'text ü'.encode()
ok(client.putContent('bucket', 'obs/stream', open('/tmp/obs-local', 'rb')))
assert ok(client.getObjectMetadata('bucket', name)) is not None
assert [one.key for one in ok(client.listObjects('bucket', prefix='obs/')).contents] == ['obs/a b+ü.txt', 'obs/stream']
ok(client.copyObject('bucket', name, 'bucket', 'obs/copy'))
upload = ok(client.initiateMultipartUpload('bucket', 'obs/parts')).uploadId
parts = [CompletePart(n, ok(client.uploadPart('bucket', 'obs/parts', n, upload, '/tmp/obs-local', isFile=True)).etag) for n in (1, 2)]
ok(client.completeMultipartUpload('bucket', 'obs/parts', upload, CompleteMultipartUploadRequest(parts)))
ok(client.putFile('bucket', 'obs/file', '/tmp/obs-local'))
ok(client.getObject('bucket', 'obs/file', downloadPath='/tmp/obs-back'))
assert open('/tmp/obs-back', 'rb').read() == data
import urllib.request
link = client.createSignedUrl('GET', 'bucket', 'obs/file', expires=60).signedUrl
assert urllib.request.urlopen(link).read() == data
for one in ok(client.listObjects('bucket', prefix='obs/')).contents:
    ok(client.deleteObject('bucket', one.key))
assert client.getObject('bucket', name).status == 404
answer = client.putContent('other', 'k', 'x')
print('OBS refused:', answer.status, answer.errorCode)
`

const SCRIPT = `
import boto3, hashlib, io
s3 = boto3.client('s3')
data = bytes(range(256)) * 120000
s3.upload_fileobj(io.BytesIO(data), 'bucket', 'out/big ü')
got = io.BytesIO()
s3.download_fileobj('bucket', 'out/big ü', got)
assert hashlib.sha256(got.getvalue()).digest() == hashlib.sha256(data).digest()
assert [o['Key'] for o in s3.list_objects_v2(Bucket='bucket', Prefix='out/')['Contents']] == ['out/big ü']
try:
    s3.put_object(Bucket='other', Key='k', Body=b'x')
except s3.exceptions.ClientError as error:
    print('refused:', error.response['Error']['Code'])
`

test('boto3 and the OBS SDK find the store, its keys open the buckets of the job only, and none of the project is in the task', async () => {
  const packages = mkdtempSync('/var/tmp/rw-boto3-')
  try {
    // The task's user reads it.
    chmodSync(packages, 0o755)
    mkdirSync(join(packages, 'py'))
    const pip = [
      '-m',
      'pip',
      'install',
      '-q',
      '--target',
      join(packages, 'py'),
      'boto3==1.44.5',
      'esdk-obs-python==3.26.6',
    ]
    assert.equal(spawnSync('python3', pip, { stdio: 'inherit' }).status, 0)
    await using ropeway = await Ropeway.start({ site: `volumes: [{ host_path: ${packages} }]\n` })
    await ropeway.upload({
      'bucket/code/run.py': SCRIPT,
      'bucket/code/obs_run.py': OBS_SCRIPT,
      'other/x': '',
    })
    const { job, logs } = await ropeway.run(
      body(
        'boto',
        'env | grep -E "^(AWS|S3|OBS)_" | sort; cd /home/ma-user/modelarts/user-job-dir/code && python3 run.py && python3 obs_run.py',
        {
          annotations: { 'ropeway/s3-endpoint': 'true' },
          algorithm: { code_dir: 'obs://bucket/code/', environments: { PYTHONPATH: '/packages/py' } },
          spec: { volumes: [{ host_path: { src_path: packages, local_path: '/packages' } }] },
        },
      ),
    )
    const text = JSON.stringify(logs)
    assert.equal(job.status.phase, 'Completed', text)
    assert.match(text, /refused: AccessDenied/)
    assert.match(text, /OBS refused: 403 AccessDenied/)
    assert.ok(!text.includes(ropeway.credentials.secret_key))
  } finally {
    rmSync(packages, { recursive: true, force: true })
  }
})
