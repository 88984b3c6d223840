import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, isPassword } from './password.ts'

const CHEAP = { n: 1024, r: 8, p: 1 }

test('the right password opens, no other does, and no two hashes are alike', async () => {
  const stored = await hashPassword('pässword ✓', CHEAP)
  assert.match(stored, /^scrypt\$1024\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  assert.equal(await isPassword(stored, 'pässword ✓'), true)
  assert.equal(await isPassword(stored, 'pa\u0308ssword ✓'), true)
  for (const wrong of ['', 'password', 'pässword ✓ ', `${stored}`])
    assert.equal(await isPassword(stored, wrong), false)
  assert.notEqual(await hashPassword('pässword ✓', CHEAP), stored)
})

test('nobody gets in without a password on record, or with one that cannot be read', async () => {
  for (const stored of [null, '', 'scrypt$0$8$1$AA$', 'scrypt$x$8$1$AA$AA', 'plain$1024$8$1$AA$AA'])
    assert.equal(await isPassword(stored, ''), false)
})
