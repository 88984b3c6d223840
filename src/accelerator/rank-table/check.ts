// What is wrong with a rank table, without converting it.
import { checkV01 } from './check-v01.ts'
import { checkSuperPods, readV10 } from './check-v10.ts'
import { type Finding, Findings, field } from './finding.ts'
import { orderInstances } from './order.ts'
import { readV01 } from './read-v01.ts'
import type { CheckOptions, ParsedTable, TableInstance, TableServer, TableVersion } from './types.ts'

/** The forms we know by name and do not take, and why. */
const REFUSED: Partial<Record<TableVersion, string>> = {
  '1.1': 'a heterogeneous table (node_list)',
  '2.0': 'an Ascend 950 table (rank_list)',
  lab: 'an old lab table (deploy_mode)',
}

/** What a check read: pods in rank order of a v0.1 table, or servers of a v1.0 or v1.2 one. */
export type CheckedTable = {
  readonly findings: readonly Finding[]
  readonly instances: readonly TableInstance[]
  readonly servers: readonly TableServer[]
}

/** Checks a table as HCCL and our converter would. Findings of severity `error` mean that it is refused. */
export function checkRankTable(parsed: ParsedTable, options: CheckOptions = {}): readonly Finding[] {
  return readAndCheck(parsed, options).findings
}

/** The check together with what it read; convert.ts goes on from here. */
export function readAndCheck(parsed: ParsedTable, options: CheckOptions): CheckedTable {
  const findings = new Findings()
  const { table, version } = parsed
  const refused = REFUSED[version]
  if (refused) {
    findings.error(
      version === 'lab' ? 'deploy_mode' : 'version',
      version,
      `v0.1, 1.0 or 1.2; this is ${refused}`,
      null,
    )
    return { findings: findings.list(), instances: [], servers: [] }
  }
  const status = field(table, 'status')
  if (status !== 'completed') {
    findings.error(
      'status',
      status,
      '"completed"; with anything else the table is not ready',
      status === undefined ? 'EI0017' : null,
    )
    // An unfinished table has nothing else to be held to.
    if (status === 'initializing') return { findings: findings.list(), instances: [], servers: [] }
  }
  if (version === '0.1') {
    const read = readV01(table, findings)
    checkV01(read, options, findings)
    const instances = orderInstances(read, findings)
    return { findings: findings.list(), instances, servers: [] }
  }
  const servers = readV10(table, options, findings)
  if (version === '1.2') checkSuperPods(table, servers, findings)
  return { findings: findings.list(), instances: [], servers }
}
