// What jobs may leave behind on an engine and in a data folder: nothing.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { type Ropeway, until } from './harness.ts'

/** Containers, networks of attempts, volumes, folders and mounts; the network that one-task jobs share stays. */
async function leftOn(docker: Docker, { dataDir }: Ropeway): Promise<string[]> {
  const containers = await docker.listContainers({ all: true })
  const networks = await docker.listNetworks({ filters: { label: ['ropeway.job'] } })
  const { Volumes } = await docker.listVolumes()
  const tasks = join(dataDir, 'tasks')
  const files = [tasks, join(tasks, '.gone'), join(tasks, '.attempts')].flatMap((dir) =>
    existsSync(dir) ? readdirSync(dir).filter((name) => !name.startsWith('.')) : [],
  )
  return [
    ...containers.map(({ Names }) => `container ${Names[0]}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ...files.map((name) => `file ${name}`),
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
