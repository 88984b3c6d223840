// The export of logs put together: records in files, objects in the embedded store, and the two moments of a job that
// matter to it, caught on the way to the tasks' sockets.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ExportRecord, type ExportRecords, LogExporter, type LogExportParts } from '../job/log-export.ts'
import { type ObjectSink, objectLogSink } from '../job/log-export-objects.ts'
import type { TaskGate } from '../job/ports.ts'
import type { Site } from '../job/site.ts'
import { writeFileAtomic } from '../lib/atomic-file.ts'
import type { ObjectsOfProjects, ProjectObjects } from '../storage/server/project-objects.ts'
import { folderLogSink } from './log-export-folder.ts'

export type LogExportOptions = Omit<LogExportParts, 'records' | 'sinkOf'> & {
  readonly dataDir: string
  readonly site: Pick<Site, 'logExportPaths'>
  readonly objects: ObjectsOfProjects
  /** Whose jobs there were before there were projects. */
  readonly firstProjectId: string
}

/** An exporter that goes on where an earlier server stopped, once it is started. */
export function createLogExporter({
  dataDir,
  site,
  objects,
  firstProjectId,
  ...parts
}: LogExportOptions): LogExporter {
  return new LogExporter({
    ...parts,
    records: exportRecords(join(dataDir, 'log-exports'), firstProjectId),
    sinkOf: (target, projectId) =>
      target.kind === 'objects'
        ? objectLogSink(objectSink(objects.within(projectId)), target)
        : folderLogSink(target.path, site.logExportPaths),
  })
}

/** A project's buckets as a target. */
function objectSink(store: ProjectObjects): ObjectSink {
  return {
    async put({ bucket, key, sizeBytes: size }, body) {
      await store.put({ bucket, key, body, size, headers: { 'content-type': 'text/plain; charset=utf-8' } })
    },
  }
}

const RECORD_FILE = /^[0-9a-f-]{36}\.json$/

/** One small file for each job. One that nobody can read is left out: the job's logs stay with the server. */
function exportRecords(dir: string, firstProjectId: string): ExportRecords {
  const path = (jobId: string) => join(dir, `${jobId}.json`)
  return {
    async load() {
      const names = await readdir(dir).catch(() => [] as string[])
      const texts = names
        .filter((name) => RECORD_FILE.test(name))
        .map(async (name) => {
          const text = await readFile(join(dir, name), 'utf8').catch(() => '')
          return parseRecord(text, firstProjectId)
        })
      return (await Promise.all(texts)).filter((record) => record !== null)
    },
    async save(record) {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      await writeFileAtomic(path(record.jobId), `${JSON.stringify(record)}\n`, 0o600)
    },
    remove: (jobId) => rm(path(jobId), { force: true }),
  }
}

function parseRecord(text: string, projectId: string): ExportRecord | null {
  try {
    const record = { projectId, ...JSON.parse(text) } as ExportRecord
    return typeof record.jobId === 'string' && record.target !== undefined ? record : null
  } catch {
    return null
  }
}

/** A gate whose jobs' logs are exported: from before the first byte, and with all bytes before the job is shown as ended. */
export function exportingGate(gate: TaskGate, exporter: LogExporter): TaskGate {
  return {
    async open(job) {
      await exporter.follow(job)
      await gate.open(job)
    },
    async collect(job) {
      await gate.collect(job)
      await exporter.finish(job)
    },
    close: (jobId) => gate.close(jobId),
    async erase(jobId) {
      await exporter.forget(jobId)
      await gate.erase(jobId)
    },
  }
}
