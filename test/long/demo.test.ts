// The demo on Docker: an image made of this machine's own files, and an engine that is afterwards as it was.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type Docker from 'dockerode'
import { assertLearned, runDemo } from '../e2e/demo-cases.ts'
import { startDockerEngine } from '../engines/dockerd.ts'

async function stateOf(docker: Docker) {
  const [containers, networks, images, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listImages({ all: true }),
    docker.listVolumes(),
  ])
  return {
    containers: containers.length,
    networks: networks.map(({ Name }) => Name).sort(),
    images: images.flatMap(({ RepoTags }) => RepoTags ?? []),
    volumes: Volumes?.length ?? 0,
  }
}

it('make demo trains on Docker where it answers, and leaves nothing on the engine or on disk', async () => {
  await using engine = await startDockerEngine()
  const before = await stateOf(engine.docker)
  const run = await runDemo({ DOCKER_HOST: engine.host })
  assertLearned(run, /^backend +docker \(Docker answers; the image is this machine's own Python\)$/m)
  assert.deepEqual(await stateOf(engine.docker), before)
})
