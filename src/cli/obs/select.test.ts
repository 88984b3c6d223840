import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heldBack, type Rule, select } from './select.ts'

const file = (name: string, size = 1, modifiedMs = 1000) => ({ name, size, modifiedMs })
const rule: Rule = { passes: () => true, onlyChanged: true, sizeOnly: false, remove: true }
const present = new Map(
  [file('same'), file('older', 1, 500), file('gone'), file('gone.log')].map((one) => [one.name, one]),
)
const source = [file('same'), file('older'), file('new')]
const names = (files: readonly { name: string }[]) => files.map(({ name }) => name)

test('what is new or newer is taken, what the source does not have is removed', () => {
  const { take, unchanged, remove } = select(source, present, () => false, rule)
  assert.deepEqual([names(take), unchanged, remove], [['older', 'new'], 1, ['gone', 'gone.log']])
})

test('what filters hold back is neither copied nor removed', () => {
  const passes = (name: string) => !name.endsWith('.log') && name !== 'new'
  const { take, remove } = select(source, present, () => false, { ...rule, passes })
  assert.deepEqual([names(take), remove], [['older'], ['gone']])
})

test('what the source has but cannot give is not removed', () => {
  assert.deepEqual(select(source, present, heldBack([{ name: 'gone' }], []), rule).remove, ['gone.log'])
})

test('nor is what lies below a folder that cannot be read; an empty folder holds only its own marker', () => {
  const names = ['closed/a', 'closed/b/c', 'link/x', 'empty/', 'empty/y', 'closedd']
  const present = new Map(names.map((name) => [name, file(name)]))
  const held = heldBack([{ name: 'closed/' }, { name: 'link' }], ['empty'])
  assert.deepEqual(select(source, present, held, rule).remove, ['empty/y', 'closedd'])
})

test('with sizes only, time does not matter; a plain copy takes all and removes nothing', () => {
  assert.deepEqual(names(select(source, present, () => false, { ...rule, sizeOnly: true }).take), ['new'])
  const all = select(source, present, () => false, { ...rule, onlyChanged: false, remove: false })
  assert.deepEqual([names(all.take).length, all.remove], [3, []])
})
