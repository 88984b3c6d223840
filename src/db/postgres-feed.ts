// The change feed: what other servers on the database changed. Each server tells of the jobs it changes
// (change-notices.ts), triggers tell of the rest, and each server listens. A message that is lost costs time only: every
// server looks by itself now and then, and at everything whenever it begins to listen.
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { sleep } from '../lib/abort.ts'
import { CHANNEL } from './change-notices.ts'
import { applicationName, connectionOf, Sockets } from './postgres-connection.ts'
import type { Tables } from './tables.ts'

const LONGEST_PAUSE_MS = 5_000
/** A network that swallows bytes ends a connection without a word to who only listens. */
const HEARTBEAT_MS = 10_000

/** Another function gets another number, and drops those before; a server of the version before goes on hearing. */
const FEED = 'ropeway_feed_3'
const BEFORE = ['ropeway_feed_1', 'ropeway_feed_2']
const FEED_TABLES = {
  // Not for last_used_at, which says nothing new to anybody.
  access_keys: 'insert or delete or update of enabled, expires_at',
  users: 'insert or delete or update',
  memberships: 'insert or delete or update',
  projects: 'insert or delete or update of enabled, description',
  revoked_tokens: 'insert',
} as const

/** Makes the triggers unless they are there: `create trigger` waits for every transaction on its table. */
export async function ensureFeed(db: Kysely<Tables>): Promise<void> {
  const tables = Object.keys(FEED_TABLES)
  await db.transaction().execute(async (transaction) => {
    // Two servers may start at once, and `create or replace` of one function by two fails.
    await sql`select pg_advisory_xact_lock(hashtext('ropeway feed'))`.execute(transaction)
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from pg_trigger
      where tgname = ${FEED} and tgrelid in (${sql.join(tables.map((table) => sql`${table}::regclass`))})
    `.execute(transaction)
    if (rows[0]?.count === tables.length) return
    for (const name of BEFORE)
      await sql`drop function if exists ${sql.raw(name)}() cascade`.execute(transaction)
    await sql`
      create or replace function ${sql.raw(FEED)}() returns trigger language plpgsql as $$
      begin
        perform pg_notify('${sql.raw(CHANNEL)}', json_build_object(
          'table', tg_table_name, 'by', current_setting('application_name'))::text);
        return null;
      end $$`.execute(transaction)
    for (const [table, when] of Object.entries(FEED_TABLES))
      await sql`create trigger ${sql.raw(FEED)} after ${sql.raw(when)} on ${sql.table(table)}
        for each row execute function ${sql.raw(FEED)}()`.execute(transaction)
  })
}

export type FeedOptions = {
  readonly url: string
  readonly serveId: string
  /** A job that another server made, changed or erased; `mine`: this serve may have to move it. */
  readonly onJob: (jobId: string, mine: boolean) => void
  /** Users, projects, members, keys or tokens. */
  readonly onIdentities: () => void
  /** Listening has begun, for the first time or again: anything may have changed before. When it rejects, it begins anew. */
  readonly onListening: () => Promise<void>
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
  const onUp = (): void => {
    pauseMs = 100
  }
  while (!signal.aborted) {
    // The pool tells of a database that is away; here we only come back.
    await listenOnce(options, signal, onUp).catch(() => undefined)
    await sleep(pauseMs, signal).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

/** Settles when the connection is lost or the signal aborts. */
async function listenOnce(options: FeedOptions, signal: AbortSignal, onUp: () => void): Promise<void> {
  const sockets = new Sockets()
  const client = new pg.Client(connectionOf(options.url, options.serveId, sockets))
  const lost = new AbortController()
  const ended = AbortSignal.any([signal, lost.signal])
  client.on('error', () => lost.abort())
  client.on('end', () => lost.abort())
  client.on('notification', ({ payload }) => hear(options, payload ?? ''))
  try {
    await client.connect()
    await client.query(`listen ${CHANNEL}`)
    await options.onListening()
    onUp()
    for (;;) {
      await sleep(HEARTBEAT_MS, ended)
      await client.query('select 1')
    }
  } finally {
    await sockets.close(client.end())
  }
}

function hear({ serveId, onJob, onIdentities }: FeedOptions, payload: string): void {
  let message: { table?: string; by?: string; job?: string; serve?: string | null }
  try {
    message = JSON.parse(payload)
  } catch {
    return
  }
  if (message.by === applicationName(serveId)) return
  if (message.table === undefined) return
  if (message.table !== 'jobs') onIdentities()
  else if (typeof message.job === 'string')
    onJob(message.job, message.serve === null || message.serve === serveId)
}
