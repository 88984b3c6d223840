// Helpers of tests that convert tables given as objects.
import assert from 'node:assert/strict'
import { checkRankTable } from './check.ts'
import { type ConvertedTable, type ConvertOptions, convertRankTable } from './convert.ts'
import { describeFinding, isAcceptable } from './finding.ts'
import { parseRankTable } from './parse.ts'
import type { CheckOptions } from './types.ts'

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

/** What a check says, and whether the table passes. */
export const check = (text: string, options: CheckOptions = {}) => {
  const findings = checkRankTable(parseRankTable(text), options)
  return { ok: isAcceptable(findings), text: findings.map(describeFinding).join('\n') }
}
/** A v0.1 table of servers with these devices. */
export const v01 = (servers: Record<string, number[]>) =>
  JSON.stringify({
    group_count: '1',
    group_list: [
      {
        group_name: 'w',
        device_count: String(Object.values(servers).flat().length),
        instance_count: String(Object.keys(servers).length),
        instance_list: Object.entries(servers).map(([server, ids], s) => ({
          pod_name: `w-${s}`,
          server_id: server,
          devices: ids.map((id) => ({ device_id: String(id), device_ip: `192.168.${id}.${s + 1}` })),
        })),
      },
    ],
    status: 'completed',
  })
export type Server = { server_id: unknown; device: object[]; [key: string]: unknown }
/** A server of a v1.0 table, one device for each rank. */
export const server = (id: string, ranks: number[], more: object = {}): Server => ({
  server_id: id,
  device: ranks.map((rank, i) => ({
    device_id: String(i),
    device_ip: `192.168.${rank}.1`,
    rank_id: String(rank),
  })),
  ...more,
})
/** A v1.0 table. */
export const v10 = (servers: Server[], over: object = {}) =>
  JSON.stringify({
    status: 'completed',
    version: '1.0',
    server_count: String(servers.length),
    server_list: servers,
    ...over,
  })
