// moxing outside of tasks: any S3 store by its address and keys, from the environment, from set_auth, or from the data
// folder of a server.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Scripts } from './scripts.ts'

let scripts: Scripts
let endpoint = ''
let keys: Record<string, string> = {}
before(async () => {
  scripts = await Scripts.open()
  endpoint = await scripts.objects.listen()
  keys = { S3_ENDPOINT: endpoint, AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', HOME: '/nowhere' }
})
after(async () => await scripts[Symbol.asyncDispose]())

/** Names that a signature has to spell as the server does. */
const ROUND_TRIP = `
names = ['a', 's/b c+%25&=?#', 'ü/中 文~.txt', "q'uo\\"te", 'st*r/(x)!']
put(here + '/up', *names)
f.copy_parallel(here + '/up', base + '/x')
f.copy_parallel(base + '/x', base + '/y')
f.copy_parallel(base + '/y', here + '/down')
f.write(base + '/big', b'0' * (40 << 20), binary=True)
with f.File(base + '/big', 'rb') as h:
    h.seek(-5, 2)
    end = h.read()
f.remove(base + '/x', recursive=True)
tell([tree(here + '/down') == sorted(names), f.list_directory(base), f.get_size(base + '/big'), len(end)])`
const TOLD = [true, ['big', 'y'], 40 << 20, 5]

const VARIABLES: ReadonlyArray<readonly [string, () => Record<string, string>]> = [
  ['the variables of AWS', () => keys],
  [
    'those of OBS',
    () => ({
      OBS_ENDPOINT: endpoint,
      OBS_ACCESS_KEY_ID: 'AK',
      OBS_SECRET_ACCESS_KEY: 'SK',
      HOME: '/nowhere',
    }),
  ],
  [
    'those of TensorFlow on ModelArts, an address without a scheme',
    () => ({
      S3_ENDPOINT: endpoint.slice('http://'.length),
      S3_USE_HTTPS: '0',
      ACCESS_KEY_ID: 'AK',
      SECRET_ACCESS_KEY: 'SK',
      HOME: '/nowhere',
    }),
  ],
]
for (const [title, env] of VARIABLES)
  test(`the store is found by ${title}`, async () =>
    await scripts.check({ title, script: ROUND_TRIP, tells: TOLD }, { bare: true, env: env() }))

test('the store is found by the data folder of a server', async () => {
  const data = join(scripts.dir, 'data')
  mkdirSync(data)
  const content = { object_endpoint: endpoint, access_key: 'AK', secret_key: 'SK' }
  writeFileSync(join(data, 'credentials.json'), JSON.stringify(content))
  const one = { title: '', script: `f.write(base + '/a', 'b'); tell(f.read(base + '/a'))`, tells: 'b' }
  await scripts.check(one, { bare: true, env: { ROPEWAY_DATA: data } })
})

test('set_auth names another store, in a task too; without a server a task keeps its socket', async () => {
  await scripts.check({
    title: '',
    script: `
f.set_auth(ak='WRONG', sk='WRONG', is_secure=False, retry=3, ssl_verify=False, path_style=True, timeout_config={'getObject': 1})
f.write(base + '/a', 'socket')
f.set_auth(server='${endpoint}')
wrong = raised(f.read, base + '/a')[0]
f.set_auth(ak='AK', sk='SK')
tell([wrong, f.read(base + '/a'), mox._transport.transport().name])`,
    tells: ['MoxFileRespException', 'socket', endpoint],
  })
})

test('set_auth takes a host, a port and plain HTTP apart', async () => {
  const { hostname, port } = new URL(endpoint)
  await scripts.check(
    {
      title: '',
      script: `
f.set_auth(ak='AK', sk='SK', server='${hostname}', port=${port}, is_secure=False, list_max_keys=2, long_conn_mode=False)
put(base, 'a', 'b', 'c/d', 'c/e', 'f')
tell([f.list_directory(base, recursive=True), f.list_directory(base)])`,
      tells: [
        ['a', 'b', 'c', 'c/d', 'c/e', 'f'],
        ['a', 'b', 'c', 'f'],
      ],
    },
    { bare: true, env: { HOME: '/nowhere' } },
  )
})

test('wrong keys are told with what the store says of them', async () => {
  for (const [change, code] of [
    [{ AWS_SECRET_ACCESS_KEY: 'no' }, 'SignatureDoesNotMatch'],
    [{ AWS_ACCESS_KEY_ID: 'no' }, 'InvalidAccessKeyId'],
  ] as const) {
    const script = `
try:
    f.read('obs://box/k')
except f.MoxFileRespException as error:
    tell([error.resp.status, error.resp.errorCode, str(error).startswith('obs://box/k: 403 ')])`
    await scripts.check(
      { title: '', script, tells: [403, code, true] },
      { bare: true, env: { ...keys, ...change } },
    )
  }
})

test('a clock that is off is set right by what the store says, and named when that does not help', async () => {
  await scripts.check(
    {
      title: '',
      script: `
import time
real = time.time
time.time = lambda: real() - 3 * 3600
f.write(base + '/a', 'on time')
told = f.read(base + '/a')
mox._transport.transport()._adjust = lambda answer, failure: False
mox._transport.transport()._skew = 0
try:
    f.read(base + '/a')
except f.MoxFileRespException as error:
    late = str(error)
tell([told, any('this machine is %d s behind' % s in late for s in range(10795, 10805))])`,
      tells: ['on time', true],
    },
    { bare: true, env: keys },
  )
})

test('an address where nobody is, a name that nobody knows', async () => {
  for (const S3_ENDPOINT of ['http://127.0.0.1:9', 'http://nobody.invalid'])
    await scripts.run(
      `
try:
    f.read('obs://box/k')
except f.MoxFileConnectionException as error:
    assert '${S3_ENDPOINT}' in str(error), error`,
      { bare: true, env: { ...keys, S3_ENDPOINT, ROPEWAY_RETRY_SECONDS: '0.3' } },
    )
})

test('the bucket is part of the host where path_style is off', async () => {
  const seen: string[] = []
  await using server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`)
    response.writeHead(200, { etag: '"e"' }).end('x')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const script = `
import socket
find = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more: find('127.0.0.1', *more)
f.set_auth(path_style=False)
f.write('obs://buck/k ey', 'x')
f.set_auth(server='obs.cn-north-4.myhuaweicloud.com', port=${port}, is_secure=False)
mox._settings._given.pop('path_style')
f.write('obs://buck/k', 'x')
tell(mox._transport.transport().region)`
  await scripts.check(
    { title: '', script, tells: 'cn-north-4' },
    { bare: true, env: { ...keys, S3_ENDPOINT: `http://s3.test:${port}` } },
  )
  assert.deepEqual(seen, [`buck.s3.test:${port} /k%20ey`, `buck.obs.cn-north-4.myhuaweicloud.com:${port} /k`])
})

test('a proxy is used when MOX_FILE_PROXY names one, and no other variable does', async () => {
  const asked: string[] = []
  await using proxy = createServer().listen(0, '127.0.0.1')
  proxy.on('connect', (request, socket) => {
    asked.push(String(request.url))
    const onward = connect(Number(new URL(endpoint).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const one of [onward, socket]) one.on('error', () => undefined)
  })
  await once(proxy, 'listening')
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const one = { title: '', script: `f.write(base + '/a', 'b'); tell(f.read(base + '/a'))`, tells: 'b' }
  await scripts.check(one, { bare: true, env: { ...keys, http_proxy: address, HTTP_PROXY: address } })
  assert.deepEqual(asked, [])
  await scripts.check(one, { bare: true, env: { ...keys, MOX_FILE_PROXY: address } })
  assert.deepEqual([...new Set(asked)], [new URL(endpoint).host])
})

test('TLS is checked, by own certificates too, unless the script says otherwise', async () => {
  const [key, cert] = [join(scripts.dir, 'key.pem'), join(scripts.dir, 'cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]
  execFileSync('openssl', made, { stdio: 'ignore' })
  const secure = await scripts.objects.listen({ key: readFileSync(key), cert: readFileSync(cert) })
  await scripts.check(
    {
      title: '',
      script: `
try:
    f.write(base + '/a', 'b')
except f.MoxFileConnectionException as error:
    told = 'CERTIFICATE_VERIFY_FAILED' in str(error)
f.set_auth(ssl_verify=False)
f.write(base + '/a', 'b')
tell([told, f.read(base + '/a')])`,
      tells: [true, 'b'],
    },
    { bare: true, env: { ...keys, S3_ENDPOINT: secure } },
  )
  for (const name of ['ROPEWAY_OBJECT_CA', 'AWS_CA_BUNDLE'])
    await scripts.check(
      { title: '', script: `f.write(base + '/a', 'b'); tell(f.read(base + '/a'))`, tells: 'b' },
      { bare: true, env: { ...keys, S3_ENDPOINT: secure, [name]: cert } },
    )
  await scripts.check(
    {
      title: '',
      script: `
try:
    f.exists(base)
except f.MoxFileConnectionException as error:
    tell(str(error).startswith('/nowhere.pem (of ROPEWAY_OBJECT_CA or AWS_CA_BUNDLE) holds no certificates'))`,
      tells: true,
    },
    { bare: true, env: { ...keys, S3_ENDPOINT: secure, ROPEWAY_OBJECT_CA: '/nowhere.pem' } },
  )
})
