// What a listener says to who sends what is no request, and to who is too slow.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type ListenOptions, listen } from './listener.ts'
import { refuseAsApi, refuseAsObjects } from './malformed.ts'

const OPTIONS: ListenOptions = {
  flag: '--listen',
  endpoint: { host: '127.0.0.1', port: 0 },
  handle: (request, response) => {
    request.resume()
    request.on('end', () => response.end('fine'))
  },
  ...{ headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, idleTimeoutMs: 0, refuse: refuseAsApi, tls: null },
}

/** Everything that is answered until the other side closes. */
async function say(url: string, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let answer = ''
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
  socket.setEncoding('utf8')
  socket.on('data', (piece) => (answer += piece))
  socket.on('close', () => resolve(answer))
  socket.on('error', reject)
  return promise
}

const cases: [what: string, text: string, changed: Partial<ListenOptions>, status: RegExp, code: RegExp][] = [
  ['what is no HTTP', 'HELO there\r\n\r\n', {}, /^HTTP\/1\.1 400 /, /ModelArts\.9029/],
  [
    'a flood of headers',
    `GET / HTTP/1.1\r\nHost: x\r\nX-Flood: ${'x'.repeat(20_000)}\r\n\r\n`,
    {},
    /^HTTP\/1\.1 431 /,
    /ModelArts\.9027/,
  ],
  [
    'headers that dribble',
    'GET / HTTP/1.1\r\nHost: x\r\nX-',
    { headersTimeoutMs: 100 },
    /^HTTP\/1\.1 408 /,
    /ModelArts\.9028/,
  ],
  [
    'a body that dribbles',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx',
    { headersTimeoutMs: 100, requestTimeoutMs: 200 },
    /^HTTP\/1\.1 408 /,
    /ModelArts\.9028/,
  ],
]
for (const [what, text, changed, status, code] of cases)
  test(`${what} is answered in the API's words and the connection closed`, async () => {
    await using listener = await listen({ ...OPTIONS, ...changed })
    const answer = await say(listener.url, text)
    assert.match(answer, status)
    const body = JSON.parse(answer.split('\r\n\r\n')[1] ?? '')
    assert.deepEqual(Object.keys(body), ['error_msg', 'error_code', 'error_solution'])
    assert.match(body.error_code, code)
    assert.match(answer, /X-Request-Id: [0-9a-f-]{36}/)
  })

test('the object server says it in S3’s words', async () => {
  await using listener = await listen({ ...OPTIONS, refuse: refuseAsObjects })
  const answer = await say(listener.url, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 431 [\s\S]*<Code>RequestHeaderSectionTooLarge<\/Code>/)
})

test('a connection on which nothing moves is closed without a word', async () => {
  await using listener = await listen({ ...OPTIONS, requestTimeoutMs: 0, idleTimeoutMs: 100 })
  const answer = await say(listener.url, 'PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx')
  assert.equal(answer, '')
})
