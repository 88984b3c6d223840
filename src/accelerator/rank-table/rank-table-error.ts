// A text that is no rank table at all. What is wrong inside a table is a finding, not an error.

/**
 * `size`: over the limit · `encoding`: not UTF-8, or a NUL · `syntax`: not JSON, or cut off ·
 * `depth`: nested too deeply · `shape`: not an object · `version`: a form nobody knows.
 */
export type RankTableFault = 'size' | 'encoding' | 'syntax' | 'depth' | 'shape' | 'version'

export class RankTableError extends Error {
  readonly fault: RankTableFault
  /** The code HCCL would give (ascend.md §1.13). */
  readonly hcclCode: 'EI0004' | 'EI0014'

  constructor(fault: RankTableFault, message: string, options?: ErrorOptions) {
    super(`rank table: ${message}`, options)
    this.name = 'RankTableError'
    this.fault = fault
    this.hcclCode = fault === 'version' ? 'EI0014' : 'EI0004'
  }
}
