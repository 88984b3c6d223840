import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forSdk } from './sdk-shapes.ts'

const JOB = {
  status: { node_count_metrics: [[1_795_698_821_339, 1]], phase: 'Running' },
  algorithm: { environments: { EPOCHS: '3' }, parameters: [] },
}

test('SDKs with exact types get the types of their models', () => {
  for (const agent of ['huaweicloud-usdk-go/3.0', 'huaweicloud-usdk-java/3.0; okhttp'])
    assert.deepEqual(forSdk(agent, { items: [JOB] }), {
      items: [
        {
          status: { node_count_metrics: null, phase: 'Running' },
          algorithm: { environments: [{ EPOCHS: '3' }], parameters: [] },
        },
      ],
    })
})

test('everybody else gets what the samples show', () => {
  for (const agent of [undefined, 'curl/8', 'huaweicloud-usdk-python/3.0', 'ropeway'])
    assert.equal(forSdk(agent, JOB), JOB)
})
