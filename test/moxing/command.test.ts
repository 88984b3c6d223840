// Many files outside of tasks: moved by the `ropeway` command when there is one, by the script when it is of no use.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MAIN } from '../cli/ropeway.ts'
import { Scripts } from './scripts.ts'

let scripts: Scripts
let bin = ''
let log = ''
let keys: Record<string, string> = {}
before(async () => {
  scripts = await Scripts.open()
  bin = join(scripts.dir, 'bin')
  log = join(scripts.dir, 'used')
  mkdirSync(bin)
  keys = {
    S3_ENDPOINT: await scripts.objects.listen(),
    AWS_ACCESS_KEY_ID: 'AK',
    AWS_SECRET_ACCESS_KEY: 'SK',
    HOME: '/nowhere',
    PATH: `${bin}:/usr/bin:/bin`,
  }
})
after(async () => await scripts[Symbol.asyncDispose]())

/** Puts a `ropeway` on PATH; what it was asked, and told of the store, is noted. */
function command(text: string): void {
  const noted = '"$*" $ROPEWAY_OBJECT_REGION $ROPEWAY_OBJECT_DIALECT $ROPEWAY_OBJECT_CA'
  writeFileSync(join(bin, 'ropeway'), `#!/bin/sh\necho ${noted} >> ${log}\n${text}\n`)
  chmodSync(join(bin, 'ropeway'), 0o755)
  writeFileSync(log, '')
}
const noted = () => readFileSync(log, 'utf8')
const real = `exec ${process.execPath} ${MAIN} "$@"`

/** From here on the command has to be content. */
const ONLY_COMMAND = `
def never(*args):
    raise AssertionError('moved by the script')
mox._movers._in_this_process = never
`
const MOVE = `
names = ['d%d/n%d' % (i % 3, i) for i in range(230)] + ['new\\nline']
put(here + '/up', *names)
f.copy_parallel(here + '/up', base)
f.copy_parallel(base, here + '/down')
told = [tree(here + '/down') == sorted(names), [name for name in os.listdir(here + '/down') if name.startswith('.m')]]
`

/** A command that has begun, and then finds that it is not let in. */
const refuses = (status: number, code: string): string =>
  `echo '{"ready":1}'; echo '${JSON.stringify({ failed: { kind: 'store', status, code, message: 'no' } })}'; exec cat > /dev/null`

test('the command moves them; one that does not know this, ends or is refused is replaced by the script', async () => {
  const script = `${MOVE}
missing = raised(mox._movers.download, 'box', [mox._movers.Pair('none', here + '/x%d' % i, None, None) for i in range(230)], 4, here)[0]
tell(told + [missing])`
  const one = { title: '', script, tells: [true, [], 'MoxFileNotExistsException'] }
  const asked = 'obs move us-east-1 s3\n'.repeat(3)
  for (const text of [
    real,
    `echo "error: unknown command 'move'" >&2; exit 2`,
    `echo '{"ready":1}'; exec head -n 1 > /dev/null`,
    refuses(400, 'AuthorizationHeaderMalformed'),
    refuses(495, 'CertificateNotTrusted'),
  ]) {
    command(text)
    await scripts.check(one, { bare: true, env: keys })
    assert.equal(noted(), asked)
  }
})

const MALFORMED =
  '<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong; expecting it</Message></Error>'

test('a store with a region of its own: the command is told it, and moves the files', async () => {
  const { port } = new URL(keys['S3_ENDPOINT'] ?? '')
  // As MinIO with a region: signatures for another one are malformed.
  await using server = createServer((request, response) => {
    const { method, url, headers } = request
    if (!headers.authorization?.includes('/eu-test-7/s3/')) {
      request.resume().on('end', () => response.writeHead(400).end(MALFORMED))
      return
    }
    request.pipe(
      ask({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const env = { ...keys, S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  for (const region of ['AWS_REGION', 'ROPEWAY_OBJECT_REGION']) {
    command(real)
    const one = { title: '', script: `${ONLY_COMMAND}${MOVE}\ntell(told)`, tells: [true, []] }
    await scripts.check(one, { bare: true, env: { ...env, [region]: 'eu-test-7' } })
    assert.equal(noted(), 'obs move eu-test-7 s3\n'.repeat(2))
  }
})

test('a certificate that only this script trusts: the command is told it, and moves the files', async () => {
  const [key, cert] = [join(scripts.dir, 'key.pem'), join(scripts.dir, 'cert.pem')]
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...names]
  execFileSync('openssl', made, { stdio: 'ignore' })
  const secure = await scripts.objects.listen({ key: readFileSync(key), cert: readFileSync(cert) })
  for (const name of ['ROPEWAY_OBJECT_CA', 'SSL_CERT_FILE']) {
    command(real)
    await scripts.check(
      { title: '', script: `${ONLY_COMMAND}${MOVE}\ntell(told)`, tells: [true, []] },
      { bare: true, env: { ...keys, S3_ENDPOINT: secure, [name]: cert } },
    )
    assert.equal(noted(), `obs move us-east-1 s3 ${cert}\n`.repeat(2))
  }
})

test('a refusal that is meant is told by the script itself, with the key and what was asked', async () => {
  command(real)
  const script = `
put(here + '/up', *['n%d' % i for i in range(230)])
f.set_auth(ak='AKANN', sk='hidden')
try:
    f.copy_parallel(here + '/up', base + '/x', file_list=['n%d' % i for i in range(230)])
except f.MoxFileRespException as error:
    tell([error.resp.status, error.resp.errorCode, 'PUT is refused to the access key AKANN' in str(error)])`
  await scripts.check(
    { title: '', script, tells: [403, 'InvalidAccessKeyId', true] },
    { bare: true, env: keys },
  )
})
