import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Filter, passes } from './filters.ts'

const out = (pattern: string): Filter => ({ kind: 'exclude', pattern })
const into = (pattern: string): Filter => ({ kind: 'include', pattern })
const names = ['a.txt', 'a.log', 'd/b.txt', 'd/b.log', 'd/e/c.txt', 'x[1].txt', 'new\nline.txt']

// What `aws s3 cp --dryrun` of aws-cli 1.46 takes with the same filters.
const cases: Array<[title: string, filters: Filter[], taken: string[]]> = [
  ['without filters all is taken', [], names],
  ['the last one that matches counts', [out('*'), into('*.log')], ['a.log', 'd/b.log']],
  ['in the other order nothing is taken', [into('*.log'), out('*')], []],
  ['a star matches slashes', [out('d/*')], ['a.txt', 'a.log', 'x[1].txt', 'new\nline.txt']],
  ['a name alone is the whole name', [out('b.txt')], names],
  ['a question mark is one character', [out('*'), into('?.txt')], ['a.txt']],
  ['sets and their opposites', [out('*'), into('[ax].txt'), into('d/[!x].log')], ['a.txt', 'd/b.log']],
  ['brackets in names', [out('*'), into('x[[]1].txt')], ['x[1].txt']],
]
for (const [title, filters, taken] of cases)
  test(title, () => assert.deepEqual(names.filter(passes(filters)), taken))
