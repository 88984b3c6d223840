// Who of the queue may start now, read from the store. Of a long queue only the front is looked at: behind the first job
// that has to wait all others wait too.
import type { Inventory } from '../accelerator/device.ts'
import { type Admission, admit } from './admission.ts'
import type { Job } from './job.ts'
import type { JobStore } from './store.ts'

export type AdmissionParts = {
  readonly store: Pick<JobStore, 'listWaiting' | 'getMany' | 'bookings'>
  readonly inventory: () => Inventory
}

const FRONT = 32

/** Decides for all who wait, by job id. `asking` may be so new that they do not stand in the queue yet. */
export async function decideAdmission(
  { store, inventory }: AdmissionParts,
  asking: readonly Job[] = [],
): Promise<Map<string, Admission>> {
  const queue = new Map([...(await store.listWaiting()), ...asking].map((one) => [one.id, one]))
  const order = [...queue.values()].sort((a, b) => a.seq - b.seq)
  const bookings = await store.bookings()
  for (let front = FRONT; ; front *= 8) {
    const ids = order.slice(0, front).map(({ id }) => id)
    const known = new Map(asking.map((job) => [job.id, job]))
    for (const job of await store.getMany(ids.filter((id) => !known.has(id)))) known.set(job.id, job)
    const jobs = ids.flatMap((id) => known.get(id) ?? [])
    const decided = admit(jobs, inventory(), bookings, order.slice(front))
    const next = order[front]
    if (next === undefined || decided.has(next.id)) return decided
  }
}
