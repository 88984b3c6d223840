// An image that has links, and another that has a file, where a task has folders. Engines tell of links in different ways.
import assert from 'node:assert/strict'
import type Docker from 'dockerode'
import { busyboxFiles, importImage } from '../engines/images.ts'
import { type Harness, makeJob, SIGNAL, untilState } from './backend-harness.ts'

/** Links stay and lead to what they led to; a file is refused, not replaced. */
export async function keepsLinks(harness: Harness, docker: Docker): Promise<void> {
  await importImage(docker, 'links:latest', [
    ...(await busyboxFiles()).filter(({ path }) => path !== 'tmp/'),
    ...['home/', 'home/real/', 'opt/', 'opt/more/', 'var/', 'var/tmp/'].map((path) => ({ path })),
    { path: 'home/real/tool', content: 'hammer' },
    { path: 'home/ma-user', link: 'real' },
    { path: 'more', link: 'opt/more' },
    { path: 'home/work', link: '../more/../more/works' },
    { path: 'tmp', link: '/var/tmp' },
  ])
  const text = `exec >/run/ropeway/spool/out 2>&1
cat /home/ma-user/tool; echo; for d in /home/ma-user /home/work /tmp; do readlink $d; : >$d/mine; done
ls /home/real /opt/more/works`
  const { ref, input } = await makeJob(harness, [{ kind: 'script', text }])
  await harness.backend.start(harness.backend.plan({ ...input, image: 'links:latest' }), SIGNAL)
  assert.equal((await untilState(harness.backend, ref, 'exited'))[0]?.exitCode, 0)
  const out = (await harness.real!.readSpool(ref, 'worker-0', 'out'))?.trim().split('\n')
  assert.deepEqual(out?.slice(0, 4), ['hammer', 'real', '../more/../more/works', '/var/tmp'])
  assert.deepEqual(out?.filter((line) => ['mine', 'tool'].includes(line)).sort(), ['mine', 'mine', 'tool'])
  await harness.backend.remove(ref, SIGNAL)
  await importImage(docker, 'file:latest', [...(await busyboxFiles()), { path: 'home/work', content: 'x' }])
  const other = await makeJob(harness, [{ kind: 'polite' }])
  await assert.rejects(
    harness.backend.start(harness.backend.plan({ ...other.input, image: 'file:latest' }), SIGNAL),
    /The image has something else than a folder at \/home\/work/,
  )
  await harness.backend.remove(other.ref, SIGNAL)
}
