// The server's end-to-end cases on dockerd.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startDockerEngine } from '../engines/dockerd.ts'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { describeServer } from './docker-cases.ts'
import { body, Ropeway } from './harness.ts'

describeServer('dockerd', startDockerEngine)

it('memory that ran out in one task of two is what the job says, and not the rank that was reported first', async () => {
  await using engine = await startDockerEngine()
  await importImage(engine.docker, 'small:latest', await busyboxFiles(), ['ENV PATH=/bin'])
  // Many devices make small shares of the machine's memory.
  await using ropeway = await Ropeway.start({
    ...{ backend: 'docker', simulate: '20x8', env: { DOCKER_HOST: engine.host } },
  })
  const grow = `awk 'BEGIN { s = "0123456789abcdef"; while (1) s = s s }'`
  const program = `sh -c 'test $VC_TASK_INDEX = 0 || exec sh /tmp/grow; exec sleep 600'`
  const command = `echo ${JSON.stringify(grow).replaceAll('$', '\\$')} > /tmp/grow; /opt/ropeway/launcher ranks -- ${program}`
  const { job, events } = await ropeway.run(
    body('grows', command, {
      ...{ flavor: 'ropeway.ascend-910a.1', nodes: 2, algorithm: { engine: { image_url: 'small:latest' } } },
    }),
  )
  assert.equal(job.status.phase, 'Failed', events.join('\n'))
  assert.match(
    events.join('\n'),
    /JobFailed: .*worker-1: exit code \d+: out of memory: its peak reached the limit of [\d.]+ [MG]iB/,
  )
})
