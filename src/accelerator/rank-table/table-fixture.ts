// Helpers of tests that convert tables given as objects.
import assert from 'node:assert/strict'
import { type ConvertedTable, type ConvertOptions, convertRankTable } from './convert.ts'
import { describeFinding } from './finding.ts'
import { parseRankTable } from './parse.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests break tables in every place.
export type AnyTable = any

const run = (table: unknown, options: ConvertOptions = {}) => {
  const result = convertRankTable(parseRankTable(JSON.stringify(table)), options)
  return { result, text: result.findings.map(describeFinding).join('\n') }
}
/** The converted table, its findings as lines, and its text as an object. */
export const convert = (
  table: unknown,
  options: ConvertOptions = {},
): ConvertedTable & { findings: string; json: AnyTable } => {
  const { result, text } = run(table, options)
  assert.ok(result.ok, text)
  return { ...result.converted, findings: text, json: JSON.parse(result.converted.text) }
}
/** The findings of a table that must be refused, as lines. */
export const refuse = (table: unknown, options: ConvertOptions = {}): string => {
  const { result, text } = run(table, options)
  assert.equal(result.ok, false, 'should have been refused')
  return text
}
