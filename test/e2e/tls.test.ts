// TLS from files, read again while the server runs; and what the server says when there is none.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { ropeway } from '../cli/ropeway.ts'
import { makeCertificate } from '../engines/certificate.ts'
import { Ropeway, serveOnce, until } from './harness.ts'

let dir = ''
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'rw-tls-'))
})
after(() => rmSync(dir, { recursive: true, force: true }))

/** The certificate that is shown at an address. */
function shownBy(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256)
    socket.end()
  })
  socket.on('error', reject)
  return promise
}

test('both ports speak TLS to clients that trust the certificate; another one is taken up while the server runs', async () => {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  makeCertificate(cert, key)
  await using server = await Ropeway.start({ backend: 'fake', args: ['--tls-cert', cert, '--tls-key', key] })
  const { endpoint, object_endpoint: objects } = server.credentials
  assert.deepEqual(
    [endpoint, objects].map((url) => new URL(url).protocol),
    ['https:', 'https:'],
  )
  const trusting = { ROPEWAY_DATA: server.dataDir, NODE_EXTRA_CA_CERTS: cert }
  const bucket = await ropeway(['obs', 'mb', 'obs://safe'], trusting)
  assert.deepEqual([bucket.code, bucket.stderr], [0, ''])
  const listed = await ropeway(['job', 'list', '--json'], trusting)
  assert.equal(JSON.parse(listed.stdout).total, 0)
  const doubting = await ropeway(['job', 'list'], { ROPEWAY_DATA: server.dataDir })
  assert.deepEqual(
    [doubting.code, /self-signed certificate/.test(doubting.stderr)],
    [1, true],
    doubting.stderr,
  )

  const fingerprint = () => new X509Certificate(readFileSync(cert)).fingerprint256
  assert.equal(await shownBy(endpoint), fingerprint())
  makeCertificate(cert, key)
  process.kill(server.pid, 'SIGHUP')
  for (const url of [endpoint, objects])
    await until('the new certificate is shown', async () => (await shownBy(url)) === fingerprint())
  const good = fingerprint()
  writeFileSync(key, 'no key')
  process.kill(server.pid, 'SIGHUP')
  await until('the server says that the pair is none', () =>
    /the TLS certificate of before goes on/.test(server.serverLog),
  )
  assert.equal(await shownBy(endpoint), good)
  assert.equal(/other machines can reach/.test(server.serverLog), false)
})

test('a port that others can reach without TLS is told of plainly; a proxy that ends it is taken at its word', async () => {
  const open = { backend: 'fake', args: ['--listen', '0.0.0.0:0'] } as const
  {
    await using server = await Ropeway.start(open)
    assert.match(server.serverLog, /"level":40[^\n]*"flags":\["--listen"\][^\n]*travels in the clear/)
  }
  await using server = await Ropeway.start({
    ...open,
    args: [...open.args, '--public-url', 'https://ropeway.test'],
  })
  assert.doesNotMatch(server.serverLog, /travels in the clear/)
  assert.match(server.serverLog, /TLS is left to who answers at https:\/\/ropeway\.test/)
  assert.equal(server.credentials.endpoint, 'https://ropeway.test')
})

const wrong: [args: string[], message: RegExp][] = [
  [['--tls-cert', '/nowhere/cert.pem'], /--tls-key: missing; valid: both, or neither/],
  [
    ['--tls-cert', '/nowhere/cert.pem', '--tls-key', '/nowhere/key.pem'],
    /--tls-cert: \/nowhere\/cert\.pem cannot be read \(ENOENT\)/,
  ],
  [
    ['--tls-cert', '/etc/hostname', '--tls-key', '/etc/hostname'],
    /are no pair .*valid: a certificate with its chain/,
  ],
  [['--public-url', 'ropeway.test'], /--public-url: got "ropeway\.test"; valid: https:\/\/HOST/],
  [['--proxies', '10.0.0.1,proxy'], /--proxies: got "proxy"; valid: IP addresses/],
]
for (const [args, message] of wrong)
  test(`serve ${args.join(' ')} is refused with what is wrong`, () => {
    const { status, stderr } = serveOnce(['--data', join(dir, 'data'), '--backend', 'fake', ...args])
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  })
