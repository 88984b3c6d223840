// The 50 vectors of the rank table and launcher contract (ascend.md §7), as rows that one test runs by their numbers.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ConvertOptions, convertRankTable } from '../../src/accelerator/rank-table/convert.ts'
import { describeFinding } from '../../src/accelerator/rank-table/finding.ts'
import { findOwnDevices, type OwnName } from '../../src/accelerator/rank-table/own-devices.ts'
import { parseRankTable } from '../../src/accelerator/rank-table/parse.ts'

export type Vector = {
  /** `01` to `50`. */
  readonly id: string
  readonly what: string
  readonly run: (t: TestContext) => void | Promise<void>
}

/** The document's example, tabs and all. */
export const SEED = `{
	"group_count": "1",
	"group_list": [{
		"device_count": "1",
		"group_name": "job-trainjob",
		"instance_count": "1",
		"instance_list": [{
			"devices": [{
				"device_id": "4",
				"device_ip": "192.1.10.254"
			}],
			"pod_name": "jobxxxxxxxx-job-trainjob-0",
			"server_id": "192.168.0.25"
		}]
	}],
	"status": "completed"
}
`

export type Pod = {
  readonly pod: string
  readonly server: string
  readonly ids: readonly unknown[]
  /** Made up where left out. */
  readonly ips?: readonly (string | null | undefined)[]
  readonly more?: object
}

export const group = (pods: readonly Pod[], over: object = {}, from = 1): object => ({
  group_name: 'worker',
  device_count: String(pods.flatMap(({ ids }) => ids).length),
  instance_count: String(pods.length),
  instance_list: pods.map(({ pod, server, ids, ips, more }, p) => ({
    pod_name: pod,
    server_id: server,
    devices: ids.map((id, i) => ({
      device_id: id,
      device_ip: ips ? ips[i] : `192.168.${100 + i}.${from + p}`,
    })),
    ...more,
  })),
  ...over,
})

export const table = (groups: readonly object[], over: object = {}): string =>
  JSON.stringify({ group_count: String(groups.length), group_list: groups, status: 'completed', ...over })

/** A v0.1 table of one group. */
export const one = (...pods: readonly Pod[]): string => table([group(pods)])

/** Two servers with one device each, whose addresses are given. */
export const two = (...ips: readonly (string | null | undefined)[]): string =>
  one(
    { pod: 'a-0', server: 'a', ids: ['0'], ips: [ips[0]] },
    { pod: 'a-1', server: 'b', ids: ['0'], ips: [ips[1]] },
  )

export function convert(text: string, options: ConvertOptions = {}) {
  const result = convertRankTable(parseRankTable(text), options)
  const findings = result.findings.map(describeFinding).join('\n')
  assert.ok(result.ok, findings)
  return { ...result.converted, findings }
}

/** The findings of a table that must be refused. */
export function refuse(text: string, options: ConvertOptions = {}): string {
  const result = convertRankTable(parseRankTable(text), options)
  assert.ok(!result.ok, 'should have been refused')
  return result.findings.map(describeFinding).join('\n')
}

/** `server:id,id` for each server, whose ranks must run on from 0. */
export function outline(text: string, options: ConvertOptions = {}): string[] {
  const { servers } = convert(text, options)
  const ranks = servers.flatMap(({ devices }) => devices.map(({ rankId }) => rankId))
  assert.deepEqual(
    ranks,
    ranks.map((_, index) => index),
  )
  return servers.map(({ serverId, devices }) => `${serverId}:${devices.map((d) => d.physicalId).join(',')}`)
}

/** `rank/physical/logical` of each own device. */
export function own(text: string, name: OwnName): string[] {
  const found = findOwnDevices(convert(text), name)
  assert.ok(found.ok, found.ok ? '' : found.reason)
  return found.devices.map(({ rankId, physicalId, logicalId }) => `${rankId}/${physicalId}/${logicalId}`)
}
