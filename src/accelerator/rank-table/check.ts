// What is wrong with a rank table, without converting it.
import { checkV01 } from './check-v01.ts'
import { readV10 } from './check-v10.ts'
import { checkV20, type RankV20 } from './check-v20.ts'
import { type Finding, Findings, field } from './finding.ts'
import { orderInstances } from './order.ts'
import { readLab } from './read-lab.ts'
import { readV01 } from './read-v01.ts'
import { checkSuperPods } from './super-pods.ts'
import type {
  CheckOptions,
  JsonObject,
  ParsedTable,
  TableInstance,
  TableServer,
  TableVersion,
} from './types.ts'

/** What a check read: pods in rank order of a v0.1 table, servers of a lab, v1.0 or v1.2 one, bare ranks of a v2.0 one. */
export type CheckedTable = {
  readonly findings: Findings
  readonly instances: readonly TableInstance[]
  readonly servers: readonly TableServer[]
  readonly ranks: readonly RankV20[]
  /** There was something that HCCL refuses and we put right: the text itself cannot be handed on. */
  readonly hasRepairs: boolean
}

const NOTHING = { instances: [], servers: [], ranks: [], hasRepairs: false }

/** Checks a table as HCCL and our converter would. Findings of severity `error` mean that it is refused. */
export function checkRankTable(parsed: ParsedTable, options: CheckOptions = {}): readonly Finding[] {
  return readAndCheck(parsed, options).findings.list()
}

/** The check together with what it read; convert.ts goes on from here. */
export function readAndCheck(parsed: ParsedTable, options: CheckOptions): CheckedTable {
  const findings = new Findings(options.mode)
  const { table, version } = parsed
  if (version === '1.1') {
    const valid = 'v0.1, 1.0, 1.2 or 2.0; this is a heterogeneous table (node_list)'
    findings.error('version', version, valid, null)
    return { findings, ...NOTHING }
  }
  if (!checkStatus(table, version, findings)) return { findings, ...NOTHING }
  switch (version) {
    case '0.1': {
      const read = readV01(table, findings)
      checkV01(parsed, read, options, findings)
      return { findings, ...NOTHING, instances: orderInstances(read, findings) }
    }
    case 'lab':
      return { findings, ...NOTHING, servers: readLab(parsed, options, findings) }
    case '2.0':
      return { findings, ...NOTHING, ranks: checkV20(table, findings) }
    default: {
      const { servers, hasRepairs } = readV10(parsed, options, findings)
      if (version === '1.2') checkSuperPods(table, servers, findings)
      return { findings, ...NOTHING, servers, hasRepairs }
    }
  }
}

/** The form a table gets; a form that is there already is handed on unchanged. */
export const wantedForm = (version: TableVersion, to: CheckOptions['to']): '1.0' | '1.2' =>
  to ?? (version === '1.2' ? '1.2' : '1.0')

/** false for a table that says itself that it is not ready: it has nothing else to be held to. */
function checkStatus(table: JsonObject, version: TableVersion, findings: Findings): boolean {
  const status = field(table, 'status')
  // Only the v2.0 form may leave it out (ascend.md §1.1).
  if (status === 'completed' || (status === undefined && version === '2.0')) return true
  const valid = '"completed"; with anything else the table is not ready'
  findings.error('status', status, valid, status === undefined ? 'EI0017' : null)
  return status !== 'initializing'
}
