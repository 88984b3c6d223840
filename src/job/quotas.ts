// How many jobs a user may have (modelarts.md §1.6, #20). Nothing is limited until an administrator says so.

/** What nobody limited. The largest number that clients in other languages can read. */
export const UNLIMITED = 2_147_483_647

/** Only `job-num` is acted on; the others are kept for clients that set and show them. */
export const QUOTA_RESOURCES = [
  'job-num',
  'visual-job-num',
  'job-retention-enabled',
  'job-num-quota-notify',
] as const
export type QuotaResource = (typeof QUOTA_RESOURCES)[number]

export type Quota = {
  readonly resource: QuotaResource
  readonly quota: number
  readonly used: number
  readonly extraInfo: string
}

export interface QuotaStore {
  /** Of a user: their own, else that of every user of the project, else UNLIMITED. */
  list(projectId: string, userName: string): Promise<Quota[]>
  /** `userName` empty: for every user of the project who has none of their own. */
  put(projectId: string, userName: string, quotas: readonly Omit<Quota, 'used'>[]): Promise<void>
}
