// objects.sqlite: one row per object is the commit of that object. Synchronous and small statements only;
// writes happen inside a transaction of GroupCommit. WAL with synchronous=FULL: a committed row survives a power cut.
// locking_mode=EXCLUSIVE keeps a second process out, which would sweep the bodies being written here.
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { BucketRow, ObjectRow, ObjectSummary, PartRow, Segment, UploadRow } from './object-row.ts'

const VERSION = 3
const SCHEMA = `
create table buckets (
  name text primary key, created_ms integer not null, project text not null default '') strict, without rowid;
create table objects (
  bucket text not null, key text not null, seq integer not null, file text not null, segments text,
  size integer not null, etag text not null, modified_ms integer not null, headers text not null,
  metadata text not null, crc32 text, primary key (bucket, key)) strict, without rowid;
create table uploads (
  id text primary key, bucket text not null, key text not null, started_ms integer not null,
  headers text not null, metadata text not null) strict, without rowid;
create table parts (
  upload_id text not null, number integer not null, file text not null, size integer not null,
  etag text not null, modified_ms integer not null, crc32 text,
  primary key (upload_id, number)) strict, without rowid;
pragma user_version = ${VERSION};`

/** From version 1, where buckets had no owner. */
const TO_VERSION_2 = `alter table buckets add column project text not null default '';
pragma user_version = 2;`

/** From version 2, where no CRC-32 was kept. */
const TO_VERSION_3 = `alter table objects add column crc32 text;
alter table parts add column crc32 text;
pragma user_version = 3;`

type Row = Record<string, SQLOutputValue>
const text = (row: Row, name: string): string => String(row[name])
const number = (row: Row, name: string): number => Number(row[name])
const optional = (row: Row, name: string): string | undefined =>
  row[name] === null ? undefined : text(row, name)
const record = (row: Row, name: string): Record<string, string> => JSON.parse(text(row, name))

const toObject = (row: Row): ObjectRow => ({
  bucket: text(row, 'bucket'),
  key: text(row, 'key'),
  seq: number(row, 'seq'),
  file: text(row, 'file'),
  segments: row['segments'] === null ? null : (JSON.parse(text(row, 'segments')) as Segment[]),
  size: number(row, 'size'),
  etag: text(row, 'etag'),
  modifiedMs: number(row, 'modified_ms'),
  headers: record(row, 'headers'),
  metadata: record(row, 'metadata'),
  crc32: optional(row, 'crc32'),
})

const toSummary = (row: Row): ObjectSummary => ({
  key: text(row, 'key'),
  size: number(row, 'size'),
  etag: text(row, 'etag'),
  modifiedMs: number(row, 'modified_ms'),
})

const toUpload = (row: Row): UploadRow => ({
  id: text(row, 'id'),
  bucket: text(row, 'bucket'),
  key: text(row, 'key'),
  startedMs: number(row, 'started_ms'),
  headers: record(row, 'headers'),
  metadata: record(row, 'metadata'),
})

const toPart = (row: Row): PartRow => ({
  uploadId: text(row, 'upload_id'),
  number: number(row, 'number'),
  file: text(row, 'file'),
  size: number(row, 'size'),
  etag: text(row, 'etag'),
  modifiedMs: number(row, 'modified_ms'),
  crc32: optional(row, 'crc32'),
})

/** Another process has the store open. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError'
}

/** The index as prepared statements. Throws StoreInUseError, or an Error for an index of a newer program. */
export class ObjectIndex implements Disposable {
  readonly db: DatabaseSync
  #statements = new Map<string, StatementSync>()

  constructor(path: string) {
    this.db = new DatabaseSync(path, { timeout: 0 })
    try {
      this.db.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full')
      const version = Number(this.db.prepare('pragma user_version').get()?.['user_version'])
      if (version > VERSION)
        throw new Error(`${path} has version ${version}; this program knows up to ${VERSION}`)
      if (version === 0) this.db.exec(`begin immediate;${SCHEMA}commit`)
      if (version === 1) this.db.exec(`begin immediate;${TO_VERSION_2}commit`)
      if (version === 1 || version === 2) this.db.exec(`begin immediate;${TO_VERSION_3}commit`)
      // Takes the exclusive lock now, not at the first write.
      this.db.exec('begin exclusive; commit')
    } catch (error) {
      this.db.close()
      if (error instanceof Error && /locked|busy/i.test(error.message))
        throw new StoreInUseError(`The object store is in use by another process (${path})`, { cause: error })
      throw error
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** By name. */
  buckets(): BucketRow[] {
    const rows = this.#prepare('select name, created_ms, project from buckets order by name').all()
    return rows.map((row) => ({
      name: text(row, 'name'),
      createdMs: number(row, 'created_ms'),
      project: text(row, 'project'),
    }))
  }

  /** The project that owns a bucket; undefined when there is no such bucket. */
  bucketOwner(name: string): string | undefined {
    const row = this.#prepare('select project from buckets where name = ?').get(name)
    return row && text(row, 'project')
  }

  addBucket({ name, createdMs, project }: BucketRow): boolean {
    const sql = 'insert or ignore into buckets (name, created_ms, project) values (?, ?, ?)'
    return this.#prepare(sql).run(name, createdMs, project).changes === 1
  }

  /** Gives buckets that nobody owns to a project. */
  adoptBuckets(project: string): void {
    this.#prepare("update buckets set project = ? where project = ''").run(project)
  }

  removeBucket(name: string): boolean {
    return this.#prepare('delete from buckets where name = ?').run(name).changes === 1
  }

  bucketInUse(name: string): boolean {
    const sql =
      'select 1 from objects where bucket = ? union all select 1 from uploads where bucket = ? limit 1'
    return this.#prepare(sql).get(name, name) !== undefined
  }

  object(bucket: string, key: string): ObjectRow | undefined {
    const row = this.#prepare('select * from objects where bucket = ? and key = ?').get(bucket, key)
    return row && toObject(row)
  }

  putObject(row: ObjectRow): void {
    this.#prepare('insert or replace into objects values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      row.bucket,
      row.key,
      row.seq,
      row.file,
      row.segments && JSON.stringify(row.segments),
      row.size,
      row.etag,
      row.modifiedMs,
      JSON.stringify(row.headers),
      JSON.stringify(row.metadata),
      row.crc32 ?? null,
    )
  }

  removeObject(bucket: string, key: string): void {
    this.#prepare('delete from objects where bucket = ? and key = ?').run(bucket, key)
  }

  /** Objects with `from` < (or ≤) key < `below`, at most `limit`, by the UTF-8 bytes of their keys. */
  scan(
    bucket: string,
    from: string,
    inclusive: boolean,
    below: string | undefined,
    limit: number,
  ): ObjectSummary[] {
    const upper = below === undefined ? '' : 'and key < ?'
    const sql = `select key, size, etag, modified_ms from objects where bucket = ? and key ${inclusive ? '>=' : '>'} ? ${upper} order by key limit ?`
    const bounds = below === undefined ? [] : [below]
    return this.#prepare(sql)
      .all(bucket, from, ...bounds, limit)
      .map(toSummary)
  }

  maxSeq(): number {
    return Number(this.#prepare('select coalesce(max(seq), 0) as seq from objects').get()?.['seq'])
  }

  /** Every body file that an object or a part refers to. */
  *referencedFiles(): Generator<string> {
    for (const row of this.#prepare('select file, segments from objects').iterate()) {
      yield text(row, 'file')
      if (row['segments'] !== null)
        for (const segment of JSON.parse(text(row, 'segments')) as Segment[]) yield segment.file
    }
    for (const row of this.#prepare('select file from parts').iterate()) yield text(row, 'file')
  }

  upload(id: string): UploadRow | undefined {
    const row = this.#prepare('select * from uploads where id = ?').get(id)
    return row && toUpload(row)
  }

  uploads(bucket: string, prefix: string): UploadRow[] {
    const sql = 'select * from uploads where bucket = ? order by key, started_ms, id'
    return this.#prepare(sql)
      .all(bucket)
      .map(toUpload)
      .filter((upload) => upload.key.startsWith(prefix))
  }

  uploadsBefore(startedMs: number): UploadRow[] {
    return this.#prepare('select * from uploads where started_ms < ?').all(startedMs).map(toUpload)
  }

  addUpload(row: UploadRow): void {
    const { id, bucket, key, startedMs } = row
    const [headers, metadata] = [JSON.stringify(row.headers), JSON.stringify(row.metadata)]
    this.#prepare('insert into uploads values (?, ?, ?, ?, ?, ?)').run(
      id,
      bucket,
      key,
      startedMs,
      headers,
      metadata,
    )
  }

  /** Forgets an upload and its parts; the parts' files are the caller's. */
  removeUpload(id: string): void {
    this.#prepare('delete from parts where upload_id = ?').run(id)
    this.#prepare('delete from uploads where id = ?').run(id)
  }

  parts(uploadId: string): PartRow[] {
    return this.#prepare('select * from parts where upload_id = ? order by number').all(uploadId).map(toPart)
  }

  part(uploadId: string, partNumber: number): PartRow | undefined {
    const row = this.#prepare('select * from parts where upload_id = ? and number = ?').get(
      uploadId,
      partNumber,
    )
    return row && toPart(row)
  }

  putPart(row: PartRow): void {
    const { uploadId, number: partNumber, file, size, etag, modifiedMs, crc32 = null } = row
    this.#prepare('insert or replace into parts values (?, ?, ?, ?, ?, ?, ?)').run(
      uploadId,
      partNumber,
      file,
      size,
      etag,
      modifiedMs,
      crc32,
    )
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    this.db.close()
  }
}
