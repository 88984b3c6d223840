// One tiny file per bucket, so that a rebuilt index knows empty buckets too. The rows decide; at every
// start the files are brought in line with them. Bucket names are safe as file names by their own rules.
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketNameProblem } from '../object-url.ts'
import { syncFolder } from './group-commit.ts'

const folderOf = (dir: string): string => join(dir, 'buckets')

/** Notes that a bucket exists since `createdMs`, on disk when this resolves. */
export async function writeMarker(dir: string, name: string, createdMs: number): Promise<void> {
  await using handle = await open(join(folderOf(dir), name), 'w', 0o600)
  await handle.writeFile(`${createdMs}\n`)
  await handle.datasync()
  await syncFolder(folderOf(dir))
}

/** Removes the note of a bucket, if there is one. */
export async function removeMarker(dir: string, name: string): Promise<void> {
  await rm(join(folderOf(dir), name), { force: true })
}

/** The buckets noted, with the time each was made (0 when the note is torn). */
export async function readMarkers(dir: string): Promise<Array<{ name: string; createdMs: number }>> {
  const markers = []
  for (const name of await readdir(folderOf(dir))) {
    if (bucketNameProblem(name) !== undefined) continue
    await using handle = await open(join(folderOf(dir), name), 'r')
    markers.push({ name, createdMs: Number(await handle.readFile('utf8')) || 0 })
  }
  return markers
}

/** Makes the notes say what the rows say. */
export async function alignMarkers(
  dir: string,
  buckets: Array<{ name: string; createdMs: number }>,
): Promise<void> {
  await mkdir(folderOf(dir), { recursive: true, mode: 0o700 })
  const noted = new Set((await readMarkers(dir)).map((marker) => marker.name))
  for (const { name, createdMs } of buckets) if (!noted.delete(name)) await writeMarker(dir, name, createdMs)
  for (const name of noted) await removeMarker(dir, name)
}
