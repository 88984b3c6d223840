// What jobs may leave behind on an engine and in a data folder: nothing.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { type Ropeway, until } from './harness.ts'

/** Where something is mounted on this machine. */
const mountPoints = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')

const namesIn = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : [])

/** Folders of tasks on the disk that the site chose for /cache. */
function cachesOf({ dataDir }: Ropeway): string[] {
  const site = join(dataDir, 'site.yaml')
  const dir = existsSync(site) ? /^cache_dir: *(\S+)/m.exec(readFileSync(site, 'utf8'))?.[1] : undefined
  return dir === undefined ? [] : namesIn(dir).filter((name) => name.startsWith('ropeway-'))
}

/**
 * Containers, networks of attempts, volumes, folders, the /cache of tasks, and mounts in the data folder or of containers;
 * the network that one-task jobs share stays.
 */
async function leftOn(docker: Docker, ropeway: Ropeway): Promise<string[]> {
  const { dataDir } = ropeway
  const containers = await docker.listContainers({ all: true })
  const networks = await docker.listNetworks({ filters: { label: ['ropeway.job'] } })
  const { Volumes } = await docker.listVolumes()
  const { DockerRootDir: root } = (await docker.info()) as { DockerRootDir: string }
  const tasks = join(dataDir, 'tasks')
  const files = [tasks, join(tasks, '.gone'), join(tasks, '.attempts')].flatMap((dir) =>
    namesIn(dir).filter((name) => !name.startsWith('.')),
  )
  // A container's root and its /dev/shm; what an engine mounts for itself stays as long as it runs.
  const mounts = mountPoints().filter(
    (path) => path.startsWith(`${dataDir}/`) || (path.startsWith(`${root}/`) && /\/(merged|shm)$/.test(path)),
  )
  return [
    ...containers.map(({ Names }) => `container ${Names[0]}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...files.map((name) => `file ${name}`),
    ...cachesOf(ropeway).map((name) => `cache ${name}`),
    ...mounts.map((path) => `mount ${path}`),
  ]
}

/** Waits until the jobs that have ended left nothing. */
export async function nothingLeftOn(docker: Docker, ropeway: Ropeway): Promise<void> {
  let left: string[] = []
  await until('nothing is left', async () => {
    left = await leftOn(docker, ropeway)
    return left.length === 0
  }).catch(() => assert.fail(`left behind: ${left.join(', ')}`))
}
