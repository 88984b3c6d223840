// boto3, unchanged and told nothing, works in a task that asked for S3 on its loopback.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { body, Ropeway } from '../e2e/harness.ts'

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

test('boto3 finds the store, its keys open the buckets of the job only, and none of the project is in the task', async () => {
  const packages = mkdtempSync('/var/tmp/rw-boto3-')
  try {
    // The task's user reads it.
    chmodSync(packages, 0o755)
    mkdirSync(join(packages, 'py'))
    const pip = ['-m', 'pip', 'install', '-q', '--target', join(packages, 'py'), 'boto3==1.44.5']
    assert.equal(spawnSync('python3', pip, { stdio: 'inherit' }).status, 0)
    await using ropeway = await Ropeway.start({ site: `volumes: [{ host_path: ${packages} }]\n` })
    await ropeway.upload({ 'bucket/code/run.py': SCRIPT, 'other/x': '' })
    const { job, logs } = await ropeway.run(
      body(
        'boto',
        'env | grep -E "^(AWS|S3)_" | sort; python3 /home/ma-user/modelarts/user-job-dir/code/run.py',
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
    assert.ok(!text.includes(ropeway.credentials.secret_key))
  } finally {
    rmSync(packages, { recursive: true, force: true })
  }
})
