// What counts as too much code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCodeLimits } from './code-limits.ts'

const LIMITS = { maxBytes: 1000, maxFiles: 3, maxDepth: 2 }
const check = (...objects: [key: string, bytes: number][]): void =>
  checkCodeLimits(
    'algorithm.code_dir',
    'obs://b/code/',
    objects.map(([key, bytes]) => ({ key, bytes })),
    LIMITS,
  )

test('code just within its limits passes', () => {
  check(['a/b/c.py', 999], ['d.py', 1], ['a/b/', 0])
  check()
})

test('too large, too many and too deep are told apart, with what came and what is valid', () => {
  assert.throws(() => check(['x', 1001]), {
    code: 'CodeTooLarge',
    message: /holds 1\.0 KiB; valid: at most 1\.0 KiB/,
  })
  assert.throws(() => check(['1', 1], ['2', 1], ['3', 1], ['4', 1]), { code: 'TooManyCodeFiles' })
  assert.throws(() => check(['a/b/c/d.py', 1]), {
    code: 'CodeFolderTooDeep',
    message: /"a\/b\/c\/d\.py" lies 3 folders below obs:\/\/b\/code\/; valid: at most 2/,
  })
})
