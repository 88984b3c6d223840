// A server with one long task, on host or on a dockerd of its own, and looks at what runs.
import { readdirSync, readFileSync } from 'node:fs'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { body, Ropeway } from './harness.ts'

export type ExecBackend = 'host' | 'docker'
export type Bench = AsyncDisposable & {
  readonly ropeway: Ropeway
  readonly jobId: string
  /** A second job beside the first; its id. */
  run(name: string): Promise<string>
}

export async function openBench(backend: ExecBackend): Promise<Bench> {
  let engine: DockerEngine | null = null
  if (backend === 'docker') {
    engine = await startDockerEngine()
    await importImage(engine.docker, 'busy:1', await busyboxFiles(), ['ENV LD_LIBRARY_PATH=/from/image'])
  }
  const ropeway = await Ropeway.start({ backend, env: engine === null ? {} : { DOCKER_HOST: engine.host } })
  const run = async (name: string): Promise<string> => {
    const job = await ropeway.client.create(
      body(name, 'sleep 600', {
        environments: { GREETING: 'hello', TOKEN: 'hunter2', LONGER: 'hunter2-and-more' },
        annotations: { 'ropeway/secret-environment': 'TOKEN,LONGER' },
        algorithm: { engine: { image_url: backend === 'host' ? 'host' : 'busy:1' } },
      }),
    )
    await ropeway.waitFor(job.metadata.id, 'it runs', ({ status }) => status.phase === 'Running')
    return job.metadata.id
  }
  const jobId = await run('long')
  return {
    ropeway,
    jobId,
    run,
    [Symbol.asyncDispose]: async () => {
      const { items } = await ropeway.client.search({ limit: 50 })
      for (const { metadata } of items) await ropeway.client.delete(metadata.id)
      for (const { metadata } of items) await isGone(ropeway, metadata.id)
      await ropeway[Symbol.asyncDispose]()
      await engine?.[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when the server knows nothing of the job any more. */
async function isGone(ropeway: Ropeway, id: string): Promise<void> {
  try {
    for (let since = 0; ; ) since = (await ropeway.client.streamEvents(id, since, 1)).next
  } catch {
    // It is.
  }
}

/** Processes of this machine, in containers too, whose command line has the text. */
export const processesWith = (text: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
