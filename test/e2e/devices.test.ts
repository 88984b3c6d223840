// Real device files in real containers: a server whose drivers lie below a folder, as on a machine with eight cards. No driver
// answers behind the files, so opening one gives ENXIO; without the right to open it, it would be EPERM.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Layout, layout910b, layoutFolder, writeLayout } from '../../src/accelerator/layout-fixture.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { importPythonImage } from './docker-images.ts'
import { body, type Finished, Ropeway, until } from './harness.ts'

/** Numbers that no driver of this machine has. */
const MAJOR = 237
/** HwHiAiUser on machines with Ascend's driver. */
const DRIVER_GROUP = 1000

const LOOK = `import errno, glob, json, os
def tried(path):
    try: os.close(os.open(path, os.O_RDWR)); return "opened"
    except OSError as error: return errno.errorcode[error.errno]
table = json.load(open(os.environ["RANK_TABLE_FILE"]))
print("seen", json.dumps({
    "devices": {path: tried(path) for path in sorted(glob.glob("/dev/davinci*") + glob.glob("/dev/*_*"))},
    "driver": open("/usr/local/Ascend/driver/version.info").readline().strip(),
    "hccn": os.path.exists("/etc/hccn.conf"),
    "written": os.access("/usr/local/Ascend/driver/lib64", os.W_OK),
    "env": {name: os.environ.get(name) for name in ("ASCEND_VISIBLE_DEVICES", "DEVICE_ID", "ROPEWAY_PHYSICAL_DEVICE_ID", "LD_LIBRARY_PATH")},
    "table": [[d["device_id"], d["device_ip"]] for server in table["server_list"] for d in server["device"]],
}))`

const seenBy = ({ logs }: Finished, index: number) => {
  const lines = (logs['worker-0'] ?? '').split('\n').filter((line) => line.startsWith('seen '))
  return lines.map((line) => JSON.parse(line.slice(5))).sort((a, b) => a.env.DEVICE_ID - b.env.DEVICE_ID)[
    index
  ]
}

/** A folder with real device files in place of those of the layout, as the driver's installer leaves them: for its group only. */
function machine(layout: Layout) {
  const folder = layoutFolder({ ...layout, dev: [] })
  execFileSync('mkdir', [join(folder.root, 'dev')])
  for (const [minor, name] of (layout.dev ?? []).entries()) {
    const path = join(folder.root, 'dev', name)
    execFileSync('mknod', ['-m', '660', path, 'c', String(MAJOR), String(minor)])
    chownSync(path, 0, DRIVER_GROUP)
  }
  return folder
}

describe('on a server with eight 910B cards', () => {
  let engine: DockerEngine
  let ropeway: Ropeway
  const folder = machine(layout910b({ 2: 'Alarm' }))
  before(async () => {
    engine = await startDockerEngine()
    await importPythonImage(engine.docker, 'train:1')
    const env = { DOCKER_HOST: engine.host, ROPEWAY_DEVICE_ROOT: folder.root, ROPEWAY_DEVICE_INTERVAL: '0.2' }
    ropeway = await Ropeway.start({ backend: 'docker', simulate: null, env })
  })
  after(async () => {
    await ropeway?.[Symbol.asyncDispose]()
    await engine?.[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })
  const wish = (name: string, devices: number, command: string) =>
    body(name, command, {
      flavor: `ropeway.ascend-910b.${devices}`,
      algorithm: { engine: { image_url: 'train:1' } },
    })

  it('a task has its own cards, what all cards share, the driver to read, and its addresses in the table', async () => {
    const finished = await ropeway.run(
      wish('looks', 2, `/opt/ropeway/launcher ranks -- python3 -c '${LOOK}'`),
    )
    assert.equal(finished.job.status.phase, 'Completed', JSON.stringify(finished.logs))
    const seen = seenBy(finished, 1)
    const { devices, ...rest } = seen
    const [first, second, ...shared] = Object.keys(devices)
    const ids = [first, second].map((path) => Number(path?.replace('/dev/davinci', '')))
    assert.ok(!ids.includes(2), 'an ill card is given to nobody')
    assert.deepEqual(shared.sort(), ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc'])
    assert.deepEqual([...new Set(Object.values(devices))], ['ENXIO'])
    const lib = '/usr/local/Ascend/driver/lib64'
    assert.deepEqual(rest, {
      driver: 'Version=23.0.rc3',
      hccn: true,
      written: false,
      env: {
        ASCEND_VISIBLE_DEVICES: ids.join(','),
        DEVICE_ID: '1',
        ROPEWAY_PHYSICAL_DEVICE_ID: String(ids[1]),
        LD_LIBRARY_PATH: `${lib}/common:${lib}/driver:${lib}`,
      },
      table: ids.map((id) => [String(id), `192.168.${100 + (id % 4)}.${10 + id}`]),
    })
  })

  it('a job that needs the ill card waits and says so; when the card is well again it starts by itself', async () => {
    const { metadata } = await ropeway.client.create(wish('needs-all', 8, 'true'))
    const waiting = await ropeway.waitFor(metadata.id, 'it waits', ({ status }) => status.phase === 'Pending')
    assert.match(JSON.stringify(waiting), /has 7 of 8 \(0-1, 3-7\), 1 unhealthy/)
    writeLayout(folder.root, layout910b())
    const { job } = await ropeway.follow(metadata.id)
    assert.equal(job.status.phase, 'Completed')
    assert.match(ropeway.serverLog, /device 2 is not well \(Alarm\)/)
  })

  it('a card that falls ill while the server runs gets no further task', async () => {
    writeLayout(folder.root, layout910b({ 0: 'Critical', 7: 'Critical' }))
    await until('the server knows', () => /device 7 is not well \(Critical\)/.test(ropeway.serverLog))
    const { metadata } = await ropeway.client.create(wish('falls-ill', 8, 'true'))
    const ill = (text: string) => /2 unhealthy/.test(text)
    await ropeway.waitFor(metadata.id, 'the reason names both', (job) => ill(JSON.stringify(job)))
    await ropeway.client.delete(metadata.id)
  })
})
