// Makes objects.sqlite anew from the body files: every file says in its trailer which object it is.
// For a lost or damaged index, and for a copy of the folder that was made file by file while it was in use.
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BodyFiles } from './body-files.ts'
import { readTrailer, type Trailer } from './body-trailer.ts'
import { readMarkers } from './bucket-markers.ts'
import { syncFolder } from './group-commit.ts'
import { ObjectIndex, StoreInUseError } from './object-index.ts'
import type { ObjectRow } from './object-row.ts'

/** What was found. `damaged` names body files that are torn, and objects that lack a part. */
export type RebuildReport = {
  readonly buckets: number
  readonly objects: number
  readonly damaged: readonly string[]
}

type Scan = { rows: Map<string, ObjectRow>; parts: Map<string, number>; damaged: string[] }

function keep(scan: Scan, file: string, trailer: Trailer): void {
  if (trailer.kind === 'part') {
    scan.parts.set(file, trailer.size)
    return
  }
  const { kind: _, ...facts } = trailer
  // NUL is in no bucket name and in no key.
  const name = `${facts.bucket}\0${facts.key}`
  const other = scan.rows.get(name)
  if (!other || other.seq < facts.seq) scan.rows.set(name, { ...facts, file })
}

async function scanBodies(files: BodyFiles): Promise<Scan> {
  const scan: Scan = { rows: new Map(), parts: new Map(), damaged: [] }
  for await (const file of files.list()) {
    await using handle = await open(files.path(file), 'r')
    const trailer = await readTrailer(handle)
    if (trailer) keep(scan, file, trailer)
    else scan.damaged.push(file)
  }
  return scan
}

/** Throws StoreInUseError; any other trouble with the old index is why it gets rebuilt. */
async function refuseWhileOpen(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  )
  if (!there) return
  try {
    using _ = new ObjectIndex(path)
  } catch (error) {
    if (error instanceof StoreInUseError) throw error
  }
}

/**
 * Rebuilds the index of the store in `dir`. Throws StoreInUseError while it is open. The old index stays beside it as
 * `objects.sqlite.old`. Unfinished multipart uploads are lost. An object whose deletion was cut off between
 * its row and its file can come back.
 */
export async function rebuildIndex(dir: string): Promise<RebuildReport> {
  const path = join(dir, 'objects.sqlite')
  await refuseWhileOpen(path)
  const files = new BodyFiles(dir)
  await mkdir(files.root, { recursive: true, mode: 0o700 })
  await mkdir(join(dir, 'buckets'), { recursive: true, mode: 0o700 })
  const { rows, parts, damaged } = await scanBodies(files)
  const buckets = new Map((await readMarkers(dir)).map((marker) => [marker.name, marker]))
  await rm(`${path}.new`, { force: true })
  let objects = 0
  {
    using index = new ObjectIndex(`${path}.new`)
    index.db.exec('begin')
    for (const row of rows.values()) {
      const whole = (row.segments ?? []).every((segment) => parts.get(segment.file) === segment.size)
      if (!whole) {
        damaged.push(`${row.bucket}/${row.key}`)
        continue
      }
      const known = buckets.get(row.bucket)
      const createdMs = Math.min(known?.createdMs ?? row.modifiedMs, row.modifiedMs)
      buckets.set(row.bucket, { name: row.bucket, createdMs, project: known?.project ?? '' })
      index.putObject(row)
      objects += 1
    }
    for (const bucket of buckets.values()) index.addBucket(bucket)
    index.db.exec('commit')
  }
  // The old log must go first: it would be applied to the new file.
  await rm(`${path}-wal`, { force: true })
  await rm(`${path}-shm`, { force: true })
  await rename(path, `${path}.old`).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  })
  await rename(`${path}.new`, path)
  await syncFolder(dir)
  return { buckets: buckets.size, objects, damaged }
}
