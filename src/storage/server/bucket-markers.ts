// One tiny file per bucket, so that a rebuilt index knows empty buckets too. The rows decide; at every
// start the files are brought in line with them. Bucket names are safe as file names by their own rules.
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketNameProblem } from '../object-url.ts'
import { syncFolder } from './group-commit.ts'
import type { BucketRow } from './object-row.ts'

const folderOf = (dir: string): string => join(dir, 'buckets')

/** Notes since when a bucket exists and whose it is, on disk when this resolves. */
export async function writeMarker(dir: string, { name, createdMs, project }: BucketRow): Promise<void> {
  await using handle = await open(join(folderOf(dir), name), 'w', 0o600)
  await handle.writeFile(`${createdMs} ${project}\n`)
  await handle.datasync()
  await syncFolder(folderOf(dir))
}

/** Removes the note of a bucket, if there is one. */
export async function removeMarker(dir: string, name: string): Promise<void> {
  await rm(join(folderOf(dir), name), { force: true })
}

/** The buckets noted, with the time each was made (0 when the note is torn) and its owner. */
export async function readMarkers(dir: string): Promise<BucketRow[]> {
  const markers: BucketRow[] = []
  for (const name of await readdir(folderOf(dir))) {
    if (bucketNameProblem(name) !== undefined) continue
    await using handle = await open(join(folderOf(dir), name), 'r')
    const [createdMs, project = ''] = (await handle.readFile('utf8')).trim().split(' ')
    markers.push({ name, createdMs: Number(createdMs) || 0, project })
  }
  return markers
}

/** Makes the notes say what the rows say. */
export async function alignMarkers(dir: string, buckets: readonly BucketRow[]): Promise<void> {
  await mkdir(folderOf(dir), { recursive: true, mode: 0o700 })
  const noted = new Map((await readMarkers(dir)).map((marker) => [marker.name, marker.project]))
  for (const bucket of buckets) {
    if (noted.get(bucket.name) !== bucket.project) await writeMarker(dir, bucket)
    noted.delete(bucket.name)
  }
  for (const name of noted.keys()) await removeMarker(dir, name)
}
