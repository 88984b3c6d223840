import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createResponseParser } from './response-parser.ts'
import { WireError } from './wire-error.ts'

/** Parses `text` cut into pieces at the given places; answers what was heard. */
function parse(text: string, cuts: readonly number[] = [], method = 'GET', close = false) {
  const heard: string[] = []
  let body = ''
  const parser = createResponseParser({
    method: () => method,
    head: ({ status, headers, keepAlive }) => {
      body = ''
      heard.push(`${status} ${headers['x'] ?? ''} ${keepAlive ? 'on' : 'last'}`)
    },
    data: (bytes) => {
      body += bytes.toString('latin1')
    },
    end: () => void heard.push(`body ${body}`),
  })
  const bytes = Buffer.from(text, 'latin1')
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let at = 1; at < places.length; at += 1) {
    // A copy that is overwritten afterwards, as a socket's buffer is.
    const piece = Buffer.from(bytes.subarray(places[at - 1], places[at]))
    parser.push(piece)
    piece.fill(0)
  }
  return { heard, ended: close ? parser.close() : undefined }
}

const both =
  'HTTP/1.1 200 OK\r\nX: a\r\nx: b\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 206 Partial\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\ntrailer: t\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const expected = [
  '200 a, b on',
  'body hello',
  '206  on',
  'body abc0123456789',
  '204  on',
  'body ',
  '404  last',
  'body ',
]

test('answers come apart the same wherever the network cuts them', () => {
  assert.deepEqual(parse(both).heard, expected)
  fc.assert(
    fc.property(fc.array(fc.nat(both.length), { maxLength: 12 }), (cuts) => {
      assert.deepEqual(parse(both, cuts).heard, expected)
    }),
  )
})

test('an answer to HEAD has no body whatever its length says; one without a length ends with the connection', () => {
  assert.deepEqual(parse('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', [], 'HEAD').heard, [
    '200  on',
    'body ',
  ])
  const chunkedHead = 'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n'
  assert.deepEqual(parse(chunkedHead, [], 'HEAD').heard, ['403  last', 'body '])
  const untilClose = parse('HTTP/1.1 200 OK\r\n\r\nall there is', [], 'GET', true)
  assert.deepEqual(untilClose, { heard: ['200  last', 'body all there is'], ended: true })
  assert.equal(parse('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort', [], 'GET', true).ended, false)
  assert.equal(parse('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n').heard[0], '200  last')
})

const wrong: Array<[title: string, text: string]> = [
  ['another protocol', 'SSH-2.0-OpenSSH_9\r\n'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n'],
  ['a coding nobody knows', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
  ['a chunk without size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
  ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
]
for (const [title, text] of wrong)
  test(`${title} is refused`, () => {
    assert.throws(
      () => parse(text),
      (error: unknown) => error instanceof WireError && error.code === 'NotHttp',
    )
  })
