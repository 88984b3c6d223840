// Waiting for several pieces of work such that none goes on behind the caller's back.

/** Waits for all, failed ones too, and only then throws the first failure. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
