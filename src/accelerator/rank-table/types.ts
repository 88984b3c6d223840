// Rank tables, the JSON that tells HCCL who is where (ascend.md §1): as they are written, and as we hold them.
// Wire names keep their spelling; every scalar on the wire is a string.
import type { Chip } from '../device.ts'

/** `lab` is the old form with `deploy_mode`; 0.1 has no `version` key (ascend.md §1.1). */
export type TableVersion = '0.1' | '1.0' | '1.1' | '1.2' | '2.0' | 'lab'

export type JsonObject = { readonly [key: string]: unknown }

/** Well-formed JSON of a known form; nothing inside is checked yet. */
export type ParsedTable = {
  readonly version: TableVersion
  readonly table: JsonObject
  /** What was read, without a byte order mark. */
  readonly text: string
}

/** v0.1 as written; key order is that of the document's example. */
export type RankTableV01 = {
  readonly group_count: string
  readonly group_list: readonly {
    readonly device_count: string
    readonly group_name: string
    readonly instance_count: string
    readonly instance_list: readonly {
      readonly devices: readonly { readonly device_id: string; readonly device_ip: string }[]
      readonly pod_name: string
      readonly server_id: string
    }[]
  }[]
  readonly status: 'completed'
}

/** One device as read. `extra` holds keys we do not know. */
export type TableDevice = {
  readonly physicalId: number
  /** A comma list is kept as it is; null when absent or empty. */
  readonly deviceIp: string | null
  /** Where it was read, in two parts: 80,000 whole paths would cost more than the table. See devicePath. */
  readonly list: string
  readonly at: number
  readonly extra: JsonObject
}

/**
 * A device of a v0.1 table, which names no ranks. The converter writes each one's number into the object that was made when it
 * was read: copies of 80,000 devices would cost the launcher of a large job 6 MB.
 */
export type UnrankedDevice = TableDevice & { rankId: number }

/** A pod of a v0.1 table. */
export type TableInstance = {
  readonly podName: string
  readonly serverId: string
  readonly hostIp: string | null
  readonly devices: readonly UnrankedDevice[]
  readonly path: string
  readonly extra: JsonObject
}

export type TableGroup = {
  readonly path: string
  /** Null when absent or no string. */
  readonly name: string | null
  /** As declared; null when absent or not a number. */
  readonly deviceCount: number | null
  readonly instanceCount: number | null
  readonly instances: readonly TableInstance[]
}

/** A v0.1 table as read. */
export type TableV01 = { readonly groupCount: number | null; readonly groups: readonly TableGroup[] }

/** One host of a v1.0 table, or of a converted one. */
export type TableServer = {
  readonly serverId: string
  readonly hostIp: string | null
  readonly devices: readonly (TableDevice & { readonly rankId: number })[]
  readonly path: string
  readonly extra: JsonObject
}

export type CheckOptions = {
  /**
   * `strict` takes what HCCL itself takes; `compat`, the default, also what generators are known to write and we can put
   * right, such as wrong counts and JSON numbers, and warns (ascend.md §1.2, §7).
   */
  readonly mode?: 'strict' | 'compat'
  /** Turns on the rules of one chip. Without it a v0.1 table is held against the 910A's, as warnings only. */
  readonly chip?: Chip
  /** The form it is to have; whether devices need addresses depends on it. Default: 1.0 for v0.1 and lab, else its own. */
  readonly to?: '1.0' | '1.2'
  /** HCCL_INTER_HCCS_DISABLE: servers of one super pod reach one another by their devices' addresses all the same. */
  readonly isHccsDisabled?: boolean
}
