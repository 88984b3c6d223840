// One test per row: what a rule says of an image that differs from a good one in a few facts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckPlace, FindingLevel } from '../api/image-check.ts'
import type { FileFacts, ImageConfig } from './facts.ts'
import { imageFacts } from './facts-fixture.ts'
import type { Rule } from './finding.ts'

type Expected = readonly [applies: CheckPlace, level: FindingLevel, message: RegExp]
export type RuleCase = {
  readonly rule: string
  readonly what: string
  readonly files?: Partial<FileFacts>
  readonly config?: Partial<ImageConfig>
  readonly machine?: string
  readonly allowRoot?: boolean
  readonly says: readonly Expected[]
}

/** Registers the rows, and a test that every rule has one for each place that it speaks of. */
export function testRules(rules: readonly Rule[], cases: readonly RuleCase[]): void {
  for (const { rule: id, what, files, config, machine, allowRoot = false, says } of cases)
    test(`${id}: ${what}`, () => {
      const facts = imageFacts(files, config, machine)
      const said = rules.filter((one) => one.id === id).flatMap(({ check }) => check(facts, { allowRoot }))
      assert.deepEqual(
        said.map(({ applies, level }) => `${applies} ${level}`).toSorted(),
        says.map(([applies, level]) => `${applies} ${level}`).toSorted(),
      )
      for (const [applies, , message] of says) {
        const own = said.filter((finding) => finding.applies === applies)
        assert.equal(own.length, 1)
        for (const { level, advice, message: got } of own) {
          assert.match(got, message)
          assert.equal(advice === '', level === 'ok', advice)
        }
      }
    })
  test(`rows for ${rules.map(({ id }) => id).join(', ')}: each place they speak of`, () => {
    for (const { id, source } of rules) {
      const own = cases.filter(({ rule }) => rule === id)
      const places = new Set(own.flatMap(({ says }) => says.map(([place]) => place)))
      assert.deepEqual([...places].toSorted(), Object.keys(source).toSorted(), id)
    }
  })
}
