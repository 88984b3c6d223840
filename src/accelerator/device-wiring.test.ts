// What a container gets of the host's devices, with and without a runtime that brings them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examineWiring, NO_WIRING, wireDevices } from './device-wiring.ts'
import { hostFiles } from './host-files.ts'
import { LAYOUT_A3, layout910b, layoutFolder } from './layout-fixture.ts'

const targets = (paths: readonly { readonly target: string }[]): string[] => paths.map(({ target }) => target)

test('without a runtime of its own an Ascend task gets its devices, what they share, and the driver', async () => {
  using folder = layoutFolder(layout910b())
  const host = await examineWiring(hostFiles(folder.root), 'Ascend')
  const { devices, mounts, groups: _, ...rest } = wireDevices(host, [4, 5], ['runc'])
  assert.deepEqual(targets(devices), [
    ...['/dev/davinci4', '/dev/davinci5', '/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc'],
  ])
  assert.equal(devices[0]?.source, `${folder.root}/dev/davinci4`)
  assert.deepEqual(targets(mounts), [
    ...['/usr/local/Ascend/driver/lib64', '/usr/local/bin/npu-smi', '/usr/local/Ascend/driver/version.info'],
    ...['/etc/hccn.conf', '/etc/ascend_install.info'],
  ])
  const lib = '/usr/local/Ascend/driver/lib64'
  assert.deepEqual(rest, {
    environment: { ASCEND_VISIBLE_DEVICES: '4,5' },
    libraryPath: [`${lib}/common`, `${lib}/driver`, lib],
    locksMemory: true,
    runtime: null,
  })
})

test("Ascend's own runtime brings devices and driver; what it leaves out is mounted all the same", async () => {
  using folder = layoutFolder({ ...LAYOUT_A3, files: { ...LAYOUT_A3.files, '/etc/hccn.conf': '' } })
  const host = await examineWiring(hostFiles(folder.root), 'Ascend')
  const { devices, mounts, environment, runtime } = wireDevices(host, [0, 1], ['runc', 'ascend'])
  assert.deepEqual([devices, environment, runtime], [[], { ASCEND_VISIBLE_DEVICES: '0,1' }, 'ascend'])
  assert.deepEqual(targets(mounts), [
    ...['/usr/local/Ascend/driver/version.info', '/usr/local/Ascend/driver/tools/hccn_tool'],
    ...['/etc/hccn.conf', '/etc/ascend_install.info'],
  ])
})

test('a driver that was installed elsewhere is mounted from there', async () => {
  using folder = layoutFolder({
    dev: ['davinci0'],
    files: {
      '/etc/ascend_install.info': 'Driver_Install_Path_Param=/opt/Ascend/\n',
      '/opt/Ascend/driver/lib64/x': '',
    },
  })
  const { mounts, libraryPath } = wireDevices(await examineWiring(hostFiles(folder.root), 'Ascend'), [0], [])
  assert.deepEqual(targets(mounts), ['/opt/Ascend/driver/lib64', '/etc/ascend_install.info'])
  assert.equal(libraryPath[0], '/opt/Ascend/driver/lib64/common')
})

test("GPUs come by NVIDIA's runtime where the engine has it, else as device files; a task without devices gets nothing", async () => {
  using folder = layoutFolder({ dev: ['nvidia0', 'nvidia1', 'nvidiactl'] })
  const host = await examineWiring(hostFiles(folder.root), 'GPU')
  const plain = wireDevices(host, [1], [])
  assert.deepEqual([targets(plain.devices), plain.runtime], [['/dev/nvidia1', '/dev/nvidiactl'], null])
  const { devices, environment, runtime } = wireDevices(host, [1], ['nvidia'])
  assert.deepEqual([devices, environment['NVIDIA_VISIBLE_DEVICES'], runtime], [[], '1', 'nvidia'])
  assert.equal(wireDevices(host, [], ['nvidia']), NO_WIRING)
})

test("the groups that own a task's own device files come along, also where a runtime brings the files, never root's", () => {
  const groups = new Map([
    ['/dev/davinci0', 1000],
    ['/dev/davinci1', 1001],
    ['/dev/devmm_svm', 0],
  ])
  const shared = ['/dev/devmm_svm']
  const host = { root: '/', kind: 'Ascend', driver: '/d', driverFiles: [], shared, groups } as const
  assert.deepEqual(wireDevices(host, [0], ['ascend']).groups, [1000])
  assert.deepEqual(wireDevices(host, [0, 1], []).groups, [1000, 1001])
})
