// Who else changed something: triggers send the id of every job that changes, with the name of the connection that did
// it, and each server listens. A message that is lost costs time only: every server looks by itself now and then.
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { sleep } from '../lib/abort.ts'
import { applicationName, connectionOf } from './postgres-connection.ts'
import type { Tables } from './tables.ts'

const CHANNEL = 'ropeway'
const LONGEST_PAUSE_MS = 5_000

/** Makes the triggers, again at each start: they hold no state. */
export async function ensureFeed(db: Kysely<Tables>): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    // Two servers may start at once, and `create or replace` of one function by two fails.
    await sql`select pg_advisory_xact_lock(hashtext('ropeway feed'))`.execute(transaction)
    await sql`
      create or replace function ropeway_tell() returns trigger language plpgsql as $$
      begin
        perform pg_notify('ropeway', json_build_object(
          'table', tg_table_name, 'by', current_setting('application_name'),
          'serve', case tg_table_name when 'jobs' then to_jsonb(new)->>'serve_id' else '-' end,
          'job', case tg_table_name
            when 'jobs' then case when tg_op = 'DELETE' then to_jsonb(old)->>'id' else to_jsonb(new)->>'id' end
            when 'events' then to_jsonb(new)->>'job_id' end)::text);
        return null;
      end $$`.execute(transaction)
    for (const [table, when] of [
      ['jobs', 'insert or delete or update of version'],
      ['events', 'insert'],
      ['access_keys', 'insert or delete'],
    ] as const) {
      await sql`drop trigger if exists ropeway_feed on ${sql.table(table)}`.execute(transaction)
      await sql`create trigger ropeway_feed after ${sql.raw(when)} on ${sql.table(table)} for each row execute function ropeway_tell()`.execute(
        transaction,
      )
    }
  })
}

export type FeedOptions = {
  readonly url: string
  readonly serveId: string
  /** A job that another server made, changed or erased; `mine`: this serve may have to move it. */
  readonly onJob: (jobId: string, mine: boolean) => void
  readonly onAccessKeys: () => void
  /** The connection was made again: anything may have changed meanwhile. */
  readonly onReconnect: () => void
}

/** Listens until it is disposed. */
export function openFeed(options: FeedOptions): AsyncDisposable {
  const stop = new AbortController()
  const done = listenForEver(options, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
    },
  }
}

async function listenForEver(options: FeedOptions, signal: AbortSignal): Promise<void> {
  let pauseMs = 100
  for (let first = true; !signal.aborted; first = false) {
    try {
      await listenOnce(options, !first, signal, () => {
        pauseMs = 100
      })
    } catch {
      // The pool's own errors tell of a database that is away; here we only come back.
    }
    await sleep(pauseMs, signal).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

async function listenOnce(
  options: FeedOptions,
  again: boolean,
  signal: AbortSignal,
  onUp: () => void,
): Promise<void> {
  const client = new pg.Client({
    ...connectionOf(options.url),
    application_name: applicationName(options.serveId),
  })
  const ended = Promise.withResolvers<void>()
  client.on('error', () => ended.resolve())
  client.on('end', () => ended.resolve())
  client.on('notification', ({ payload }) => hear(options, payload ?? ''))
  const onAbort = (): void => ended.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await client.connect()
    await client.query(`listen ${CHANNEL}`)
    onUp()
    if (again) options.onReconnect()
    await ended.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    await client.end().catch(() => undefined)
  }
}

function hear({ serveId, onJob, onAccessKeys }: FeedOptions, payload: string): void {
  let message: { table?: string; by?: string; job?: string; serve?: string | null }
  try {
    message = JSON.parse(payload)
  } catch {
    return
  }
  if (message.by === applicationName(serveId)) return
  if (message.table === 'access_keys') onAccessKeys()
  else if (typeof message.job === 'string')
    onJob(message.job, message.serve === null || message.serve === serveId)
}
