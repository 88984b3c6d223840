import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventQuery } from '../api/event.ts'
import { tokenQuery } from '../api/iam.ts'
import { parseQuery } from './parse.ts'

test('a blank query parameter is as one that is not there', () => {
  const blank = { start_time: '', end_time: '', level: '', order: '', limit: '', pattern: '' }
  assert.deepEqual(parseQuery(eventQuery, blank), parseQuery(eventQuery, {}))
})

test('a parameter that is a flag is set by its name alone', () => {
  assert.deepEqual(parseQuery(tokenQuery, { nocatalog: '' }), { nocatalog: '' })
})
