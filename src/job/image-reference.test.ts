import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../api/error.ts'
import { formatReference, parseImageReference } from './image-reference.ts'

const SHA = `sha256:${'a'.repeat(64)}`
const GOOD: readonly (readonly [string, string])[] = [
  ['busybox', 'docker.io/library/busybox:latest'],
  ['team/train:1.0', 'docker.io/team/train:1.0'],
  ['index.docker.io/busybox', 'docker.io/library/busybox:latest'],
  ['localhost/train', 'localhost/train:latest'],
  ['127.0.0.1:5000/a/b/c:t', '127.0.0.1:5000/a/b/c:t'],
  ['swr.cn-north-4.myhuaweicloud.com/org/name:tag', 'swr.cn-north-4.myhuaweicloud.com/org/name:tag'],
  ['harbor.example.com/project/name:V1_a.b', 'harbor.example.com/project/name:V1_a.b'],
  ['Harbor.Example.com/project/name', 'harbor.example.com/project/name:latest'],
  [`harbor.example.com/p/n@${SHA}`, `harbor.example.com/p/n@${SHA}`],
  [`harbor.example.com/p/n:tag@${SHA}`, `harbor.example.com/p/n@${SHA}`],
  ['[::1]:5000/a', '[::1]:5000/a:latest'],
  ['a__b/c-d.e', 'docker.io/a__b/c-d.e:latest'],
]
for (const [text, full] of GOOD)
  test(`${text} is ${full}`, () => assert.equal(formatReference(parseImageReference(text)), full))

const BAD: readonly (readonly [string, RegExp])[] = [
  ['', /cannot be one/],
  ['Team/Train', /capital letters/],
  ['team/train:', /tag ""/],
  [`team/train:${'x'.repeat(129)}`, /tag/],
  ['team//train', /part ""/],
  ['-bad/train', /part "-bad"/],
  ['team/train@sha256:123', /digest is not sha256/],
  [`a@${SHA}@${SHA}`, /more than one "@"/],
  ['https://swr.example.com/a/b', /an address/],
  ['$(id)/x', /cannot be one/],
  [`${'a/'.repeat(130)}a`, /longer than 255/],
  ['host:99999999/a', /no host name/],
]
for (const [text, why] of BAD)
  test(`${JSON.stringify(text.slice(0, 40))} is refused with the reason`, () =>
    assert.throws(
      () => parseImageReference(text),
      (error) =>
        error instanceof AppError &&
        error.code === 'InvalidParam' &&
        /^algorithm\.engine\.image_url: got /.test(error.message) &&
        why.test(error.message),
    ))
