// What Podman answers where dockerd answers a question, and engines that do not answer; the rest is in test/e2e.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { createRegistryTester } from './registry.ts'

const LOGIN = { host: 'h.example.com', userName: 'ann', password: 'pw' }
const SIGNAL = AbortSignal.timeout(30_000)

type Answer = (response: ServerResponse, path: string) => void

async function engine(answer: Answer, timeoutMs = 10_000) {
  const dir = await mkdtemp(join(tmpdir(), 'rw-engine-'))
  const socket = join(dir, 's')
  const server = createServer((request, response) => answer(response, request.url ?? ''))
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    tester: createRegistryTester(new Docker({ socketPath: socket }), socket, timeoutMs),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(dir, { recursive: true })
    },
  }
}
const json = (response: ServerResponse, status: number, body: object): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

test('an engine that cannot look for images is not taken for a registry without the image', async () => {
  await using podman = await engine((response, path) =>
    path.includes('/distribution/') ? response.writeHead(404).end('Not Found\n') : json(response, 200, {}),
  )
  assert.deepEqual(await podman.tester.test(LOGIN, 'h.example.com/a/b:1', SIGNAL), {
    ok: true,
    message:
      'h.example.com accepts the login of ann; whether h.example.com/a/b:1 is there cannot be asked through this engine, a pull will tell',
  })
})

test('Podman, which tries no login without TLS, is said to be the one that does not', async () => {
  const message =
    'login attempt to h.example.com failed with status: pinging container registry h.example.com: Get "https://h.example.com/v2/": http: server gave HTTP response to HTTPS client'
  await using podman = await engine((response) => json(response, 500, { message }))
  const { ok, message: said } = await podman.tester.test(LOGIN, null, SIGNAL)
  assert.equal(ok, false)
  assert.match(said, /^h\.example\.com: it speaks without TLS, where Podman tries no login/)
})

test('a right login that may not read the image is not called a wrong password', async () => {
  await using docker = await engine((response, path) =>
    path.includes('/distribution/')
      ? json(response, 401, { message: 'unauthorized: authentication required' })
      : json(response, 200, {}),
  )
  const { ok, message } = await docker.tester.test(LOGIN, 'h.example.com/a/b:1', SIGNAL)
  assert.equal(ok, false)
  assert.match(message, /^h\.example\.com\/a\/b:1: the registry gives no access to it/)
})

test('a registry that never answers is told from an engine that is not there', async () => {
  await using silent = await engine(() => {}, 50)
  assert.deepEqual(await silent.tester.test(LOGIN, null, SIGNAL), {
    ok: false,
    message: 'h.example.com: the registry did not answer in time (timeout: no answer for 0.05 s)',
  })
  const nobody = createRegistryTester(new Docker({ socketPath: '/nonexistent/s' }), '/nonexistent/s')
  await assert.rejects(
    nobody.test(LOGIN, null, SIGNAL),
    (error) => error instanceof AppError && error.code === 'BackendUnavailable',
  )
})

test('an image of another registry is refused before anybody is asked', async () => {
  await using docker = await engine(() => assert.fail('asked'))
  await assert.rejects(
    docker.tester.test(LOGIN, 'other.example.com/a/b:1', SIGNAL),
    /image: got "other\.example\.com\/a\/b:1"; valid: an image of h\.example\.com/,
  )
})
