// `ropeway obs` past the server, at a store that has its own region, dialect and authority.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { dialectSettings } from '../../src/cli/obs/connect-objects.ts'
import { makeCertificate } from '../engines/certificate.ts'
import { ropeway } from './ropeway.ts'

const owned = new AsyncDisposableStack()
const asked: IncomingHttpHeaders[] = []
let env: Record<string, string> = {}
let ca = ''
before(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-elsewhere-'))
  owned.defer(() => rmSync(dir, { recursive: true }))
  ca = join(dir, 'cert.pem')
  makeCertificate(ca, join(dir, 'key.pem'))
  const pem = { cert: readFileSync(ca), key: readFileSync(join(dir, 'key.pem')) }
  const server = createServer(pem, (request, response) => {
    if (!request.url?.includes('apiversion')) asked.push(request.headers)
    response.end('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  owned.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  env = { ROPEWAY_OBJECT_ENDPOINT: endpoint, ROPEWAY_ACCESS_KEY: 'AK', ROPEWAY_SECRET_KEY: 'sk' }
})
after(() => owned.disposeAsync())

/** Lists, and returns how it was signed. */
async function signedBy(args: readonly string[], more: Record<string, string>): Promise<string> {
  asked.length = 0
  const { code, stderr } = await ropeway(['obs', 'ls', 'obs://bucket', ...args], { ...env, ...more })
  assert.equal(code, 0, stderr)
  return asked.at(-1)?.authorization ?? ''
}

test('the store is trusted by the file that a flag or a variable names, and not without', async () => {
  const { code, stderr } = await ropeway(['obs', 'ls', 'obs://bucket'], env)
  assert.equal(code, 1)
  assert.match(stderr, /shows a certificate that is not trusted here .*--object-ca/s)
  assert.match(await signedBy(['--object-ca', ca], {}), /^AWS4-HMAC-SHA256 /)
  assert.match(await signedBy([], { ROPEWAY_OBJECT_CA: ca }), /^AWS4-HMAC-SHA256 /)
  const unread = await ropeway(['obs', 'ls', '--object-ca', '/nowhere.pem'], env)
  assert.equal(unread.code, 2)
  assert.match(unread.stderr, /--object-ca names cannot be read: ENOENT/)
})

test('region and dialect are in the signature; a flag wins over a variable', async () => {
  const trusted = { ROPEWAY_OBJECT_CA: ca }
  assert.match(
    await signedBy(['--object-region', 'cn-north-4'], trusted),
    /AK\/\d+\/cn-north-4\/s3\/aws4_request/,
  )
  const variables = { ...trusted, ROPEWAY_OBJECT_REGION: 'eu-west-101', ROPEWAY_OBJECT_DIALECT: 'obs' }
  assert.match(await signedBy([], variables), /^OBS AK:/)
  assert.match(await signedBy(['--object-dialect', 's3'], variables), /\/eu-west-101\/s3\//)
  const wrong = await ropeway(['obs', 'ls'], { ...env, ROPEWAY_OBJECT_DIALECT: 'swift' })
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /ROPEWAY_OBJECT_DIALECT cannot be "swift".*auto, s3, obs, v4, v2/s)
})

test('addressing is taken from flag or variable; a file that was named wins over variables', async () => {
  const variables = { ROPEWAY_OBJECT_ADDRESSING: 'host', ROPEWAY_OBJECT_REGION: 'r' }
  const nothing = { region: undefined, dialect: undefined, addressing: undefined, ca: undefined }
  assert.deepEqual(await dialectSettings({}, variables), { ...nothing, region: 'r', addressing: 'host' })
  const flags = { objectAddressing: 'path', configFile: 'x' }
  assert.deepEqual(await dialectSettings(flags, variables), { ...nothing, addressing: 'path' })
})
