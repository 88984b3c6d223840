// A transfer in a process of its own, to be killed: `up|down ENDPOINT LOCAL STATE`. Says what it did at the end.
import process from 'node:process'
import { downloadPrefix } from './download.ts'
import { bucket, clientOf } from './transfer-fixture.ts'
import { uploadFolder } from './upload.ts'

const [, , direction, endpoint = '', local = '', stateDir = ''] = process.argv
await using client = clientOf(endpoint)
const shared = { client, bucket, prefix: 'p', concurrency: 2, resume: { stateDir } }
const counts =
  direction === 'up'
    ? await uploadFolder({ ...shared, dir: local })
    : await downloadPrefix({ ...shared, destDir: local })
process.stdout.write(JSON.stringify(counts))
