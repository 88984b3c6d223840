import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_SHA256, sha256Hex } from '../../lib/signature/canonical.ts'
import { credentialScope, signingKey } from '../../lib/signature/s3-v4.ts'
import { chunkSignature, trailerSignature } from '../../lib/signature/s3-v4-chunks.ts'
import { decodeAwsChunks } from './aws-chunks.ts'
import { StorageError } from './storage-error.ts'

const date = '20260131T101112Z'
const scope = credentialScope(date, 'r')
const signing = {
  keyHex: signingKey('SK', scope).toString('hex'),
  date,
  scope,
  seedSignature: 'ab'.repeat(32),
}

/** An aws-chunked body as a signing client makes it. */
function signedBody(chunks: readonly string[], trailer?: string): string {
  let previous = signing.seedSignature
  let body = ''
  for (const chunk of [...chunks, '']) {
    previous = chunkSignature(signing, previous, chunk === '' ? EMPTY_SHA256 : sha256Hex(chunk))
    body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`
  }
  if (trailer === undefined) return `${body}\r\n`
  return `${body}${trailer}\r\nx-amz-trailer-signature:${trailerSignature(signing, previous, `${trailer}\n`)}\r\n\r\n`
}

async function decode(body: string, signed: boolean, pieceBytes: number) {
  const source = async function* () {
    for (let at = 0; at < body.length; at += pieceBytes)
      yield Buffer.from(body.slice(at, at + pieceBytes), 'latin1')
  }
  const out: Uint8Array[] = []
  let trailers = new Map<string, string>()
  for await (const piece of decodeAwsChunks(source(), signed ? signing : undefined, (found) => {
    trailers = new Map(found)
  }))
    out.push(piece)
  return { text: Buffer.concat(out).toString(), trailers }
}

for (const pieceBytes of [1, 7, 100_000]) {
  test(`signed chunks become the data when they arrive ${pieceBytes} bytes at a time`, async () => {
    const body = signedBody(['hello\r\n', 'x'.repeat(5000), '0\r\n\r\n'])
    assert.equal((await decode(body, true, pieceBytes)).text, `hello\r\n${'x'.repeat(5000)}0\r\n\r\n`)
  })
}

test('trailing headers come out, with signatures and without', async () => {
  const signed = await decode(signedBody(['hello'], 'x-amz-checksum-crc32:NhCmhg=='), true, 10)
  assert.equal(signed.trailers.get('x-amz-checksum-crc32'), 'NhCmhg==')
  const plain = await decode('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', false, 3)
  assert.deepEqual([plain.text, plain.trailers.get('x-amz-checksum-crc32')], ['hello', 'NhCmhg=='])
})

const good = signedBody(['hello'], 'x-amz-checksum-crc32:NhCmhg==')
const broken: Array<[title: string, body: string, signed: boolean, code: string]> = [
  ['a changed byte', good.replace('hello', 'hellO'), true, 'SignatureDoesNotMatch'],
  ['a changed trailer', good.replace('NhCmhg', 'NhCmhh'), true, 'SignatureDoesNotMatch'],
  ['no signatures where they were promised', '5\r\nhello\r\n0\r\n\r\n', true, 'SignatureDoesNotMatch'],
  ['an end in the data', '5\r\nhel', false, 'IncompleteBody'],
  ['an end in the size', '5', false, 'IncompleteBody'],
  ['no last chunk', '5\r\nhello\r\n', false, 'IncompleteBody'],
  ['nothing at all', '', false, 'IncompleteBody'],
  ['a size that is no number', 'zz\r\nhello\r\n', false, 'InvalidRequest'],
  ['more data than said', '4\r\nhello\r\n0\r\n\r\n', false, 'InvalidRequest'],
  ['an endless size line', 'a'.repeat(20_000), false, 'InvalidRequest'],
]
for (const [title, body, signed, code] of broken) {
  test(`a chunked body with ${title} is refused as ${code}`, async () => {
    await assert.rejects(
      decode(body, signed, 1000),
      (error) => error instanceof StorageError && error.code === code,
    )
  })
}
