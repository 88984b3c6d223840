// Which task owns which devices of which host. The key of booked_devices makes a second owner impossible.

import type { Insertable } from 'kysely'
import type { Booking } from '../accelerator/device.ts'
import { AppError } from '../api/error.ts'
import type { Rows, Tables } from './tables.ts'

/**
 * Replaces a job's bookings within the caller's transaction; [] frees all.
 * Throws AppError JobStatusChanged, which undoes the transaction, when another job owns one of the devices.
 */
export async function replaceBookings(
  transaction: Rows,
  serveId: string,
  jobId: string,
  bookings: readonly Booking[],
): Promise<void> {
  await transaction.deleteFrom('bookings').where('job_id', '=', jobId).execute()
  for (const part of chunks(bookings.map((booking) => toRow(serveId, jobId, booking))))
    await transaction.insertInto('bookings').values(part).execute()
  const devices = bookings.flatMap(({ task, hostId, physicalIds }) =>
    physicalIds.map((physicalId) => ({
      serve_id: serveId,
      host_id: hostId,
      physical_id: physicalId,
      job_id: jobId,
      task,
    })),
  )
  for (const part of chunks(devices)) await bookDevices(transaction, part)
  await rememberHosts(transaction, serveId, jobId, bookings)
}

/** Searches by address find a job on all hosts it has been on. */
async function rememberHosts(
  transaction: Rows,
  serveId: string,
  jobId: string,
  bookings: readonly Booking[],
): Promise<void> {
  const hosts = [...new Set(bookings.map(({ hostId }) => hostId))]
  const rows = hosts.map((hostId) => ({ job_id: jobId, serve_id: serveId, host_id: hostId }))
  for (const part of chunks(rows))
    await transaction
      .insertInto('job_hosts')
      .values(part)
      .onConflict((conflict) => conflict.columns(['job_id', 'serve_id', 'host_id']).doNothing())
      .execute()
}

async function bookDevices(
  transaction: Rows,
  devices: readonly Insertable<Tables['booked_devices']>[],
): Promise<void> {
  const booked = await transaction
    .insertInto('booked_devices')
    .values(devices)
    .onConflict((conflict) => conflict.columns(['serve_id', 'host_id', 'physical_id']).doNothing())
    .returning(['host_id', 'physical_id'])
    .execute()
  if (booked.length === devices.length) return
  const free = new Set(booked.map((row) => `${row.physical_id} ${row.host_id}`))
  // A device named twice for one job was inserted once: deleting as we go finds its second mention.
  const taken = devices.find((device) => !free.delete(`${device.physical_id} ${device.host_id}`))
  throw new AppError(
    'JobStatusChanged',
    `device ${taken?.physical_id} of host ${taken?.host_id}, wanted for ${taken?.task} of job ${taken?.job_id}, is booked already`,
  )
}

const toRow = (serveId: string, jobId: string, booking: Booking): Insertable<Tables['bookings']> => ({
  job_id: jobId,
  attempt: booking.attempt,
  task: booking.task,
  task_index: booking.taskIndex,
  serve_id: serveId,
  host_id: booking.hostId,
  cpu_cores: booking.cpuCores,
  memory_bytes: booking.memoryBytes,
})

/** SQLite takes at most 32,766 values in one statement. */
function chunks<T>(rows: readonly T[]): T[][] {
  const size = 1_000
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  )
}

/** All bookings on the hosts of one serve, oldest job first. */
export async function listBookings(db: Rows, serveId: string): Promise<Booking[]> {
  const rows = await db
    .selectFrom('bookings')
    .innerJoin('jobs', 'jobs.id', 'bookings.job_id')
    .selectAll('bookings')
    .where('bookings.serve_id', '=', serveId)
    .orderBy('jobs.seq')
    .orderBy('bookings.task_index')
    .execute()
  const devices = await db
    .selectFrom('booked_devices')
    .select(['job_id', 'task', 'physical_id'])
    .where('serve_id', '=', serveId)
    .orderBy('physical_id')
    .execute()
  const byTask = Map.groupBy(devices, (device) => `${device.job_id} ${device.task}`)
  return rows.map((row) => ({
    jobId: row.job_id,
    attempt: row.attempt,
    task: row.task,
    taskIndex: row.task_index,
    hostId: row.host_id,
    physicalIds: (byTask.get(`${row.job_id} ${row.task}`) ?? []).map((device) => device.physical_id),
    cpuCores: row.cpu_cores,
    memoryBytes: row.memory_bytes,
  }))
}
