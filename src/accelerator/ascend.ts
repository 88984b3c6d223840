// The Ascend devices of a machine: which there are, of which chip, with which address, in what health, and what a person
// must put right. Files and programs are read through HostFiles, so a captured layout goes the way a real host goes.
import type { Chip, Device, Host } from './device.ts'
import { deviceIdsOf } from './device-ids.ts'
import type { DeviceFinding } from './examination.ts'
import { parseHccnConf, parseHccnTool } from './hccn.ts'
import type { HostFiles } from './host-files.ts'
import { chipOfName, isHealthy, type NpuChip, parseNpuInfo, parseNpuMap } from './npu-smi.ts'
import { NO_SUPER_POD, superPodOf } from './super-pod.ts'

export type AscendExamination = {
  readonly chip: Chip
  readonly devices: readonly Device[]
  /** Null where it is not an A3, or not all dies name one and the same. */
  readonly superPodId: string | null
  /** Of the driver, `23.0.rc3`; null when its version.info cannot be read. */
  readonly driverVersion: string | null
  readonly findings: readonly DeviceFinding[]
}

const NPU_SMI = ['/usr/local/bin/npu-smi', '/usr/local/sbin/npu-smi', '/usr/bin/npu-smi']
const INSTALL_INFO = '/etc/ascend_install.info'
const DEFAULT_INSTALL = '/usr/local/Ascend'
/** The most common server: what is assumed when nobody can tell. */
const USUAL_CHIP: Chip = '910b'

/** Where the driver was installed: `Driver_Install_Path_Param` of /etc/ascend_install.info. */
export async function driverFolder(files: HostFiles): Promise<string> {
  const text = (await files.readText(INSTALL_INFO)) ?? ''
  const path = /^Driver_Install_Path_Param=(\/[\w./-]*)\s*$/m.exec(text)?.[1] ?? DEFAULT_INSTALL
  return `${path.replace(/\/+$/, '')}/driver`
}

type Known = Pick<Host, 'devices' | 'superPodId'>

/** Null when /dev has no davinci device. What an earlier look found out about addresses no card is asked for again. */
export async function examineAscend(
  files: HostFiles,
  known: Known | null = null,
): Promise<AscendExamination | null> {
  const names = await files.listNames('/dev')
  const ids = deviceIdsOf(names, 'davinci')
  const virtual = deviceIdsOf(names, 'vdavinci')
  if (ids.length === 0) return null
  const { tool, chips, healthOf, isListed } = await askNpuSmi(files)
  const { chip, findings: ofChip } = chipOf(chips)
  const addresses = await addressesOf(files, ids, known)
  const place = chip === 'a3' ? await superPodOf(files, tool, [...chips.values()], known) : NO_SUPER_POD
  const devices = ids.map((id): Device => {
    const superDeviceId = place.dies.get(id)
    return {
      physicalId: id,
      deviceIp: addresses.get(id) ?? '',
      healthy: !isListed || isUsable(chips, healthOf, id),
      ...(superDeviceId === undefined ? {} : { superDeviceId }),
    }
  })
  const driver = await driverFolder(files)
  return {
    chip,
    devices,
    superPodId: place.superPodId,
    driverVersion:
      /^Version=(.+?)\s*$/m.exec((await files.readText(`${driver}/version.info`)) ?? '')?.[1] ?? null,
    findings: [
      ...(isListed ? ofChip : ([{ severity: 'fix', text: silentTool }] as const)),
      ...ids.flatMap((id) => healthFinding(chips, healthOf, id, isListed)),
      ...(await addressFindings(files, chip, devices)),
      ...(await managerFindings(files)),
      ...(virtual.length > 0
        ? [
            note(
              `${virtual.length} virtual NPUs (/dev/vdavinci${virtual[0]} …) are not scheduled: tasks get whole devices`,
            ),
          ]
        : []),
    ],
  }
}

const note = (text: string): DeviceFinding => ({ severity: 'note', text })
const fix = (text: string): DeviceFinding => ({ severity: 'fix', text })
const silentTool = `npu-smi does not answer (looked for at ${NPU_SMI.join(', ')}): the chip is taken for ${USUAL_CHIP} and nobody knows the health of the devices; check that "npu-smi info" works for this user`

type Asked = {
  /** Empty where there is none. */
  readonly tool: string
  readonly chips: ReadonlyMap<number, NpuChip>
  readonly healthOf: ReadonlyMap<number, string>
  /** Did npu-smi list anything at all? */
  readonly isListed: boolean
}

async function askNpuSmi(files: HostFiles): Promise<Asked> {
  for (const program of NPU_SMI) {
    if (!(await files.exists(program))) continue
    const [mapText, infoText] = await Promise.all([
      files.run(program, ['info', '-m']),
      files.run(program, ['info']),
    ])
    const map = parseNpuMap(mapText ?? '')
    const info = parseNpuInfo(infoText ?? '')
    const listed: readonly NpuChip[] = map.length > 0 ? map : info
    const health = new Map(info.map((row) => [`${row.npuId}/${row.chipId}`, row.health]))
    return {
      tool: program,
      chips: new Map(listed.map((chip) => [chip.physicalId, chip])),
      healthOf: new Map(
        listed.flatMap(({ npuId, chipId, physicalId }) => {
          const found = health.get(`${npuId}/${chipId}`)
          return found === undefined ? [] : [[physicalId, found] as const]
        }),
      ),
      isListed: listed.length > 0,
    }
  }
  return { tool: '', chips: new Map(), healthOf: new Map(), isListed: false }
}

/** Listed, and not known to be ill: when only `info` fails nobody knows, and the device counts as well. */
const isUsable = (chips: Asked['chips'], healthOf: Asked['healthOf'], id: number): boolean =>
  chips.has(id) && isHealthy(healthOf.get(id) ?? 'OK')

function healthFinding(
  chips: Asked['chips'],
  healthOf: Asked['healthOf'],
  id: number,
  isListed: boolean,
): DeviceFinding[] {
  if (!isListed || isUsable(chips, healthOf, id)) return []
  const chip = chips.get(id)
  return [
    chip === undefined
      ? fix(`device ${id} is in /dev, but npu-smi does not list it: no task gets it`)
      : fix(
          `device ${id} is not well (${healthOf.get(id)}): no task gets it; see npu-smi info -t health -i ${chip.npuId} -c ${chip.chipId}`,
        ),
  ]
}

function chipOf(chips: Asked['chips']): { chip: Chip; findings: DeviceFinding[] } {
  const all = [...chips.values()]
  const cards = Map.groupBy(all, ({ npuId }) => npuId)
  const dies = Math.max(1, ...[...cards.values()].map((ofCard) => ofCard.length))
  const names = [...new Set(all.map(({ name }) => name))]
  const known = [...new Set(names.map((name) => chipOfName(name, dies)))]
  const [chip = null] = known
  const findings = [
    ...(known.length > 1
      ? [note(`chips of several kinds (${names.join(', ')}): all are placed as ${chip ?? USUAL_CHIP}`)]
      : []),
    ...(chip === null && names.length > 0
      ? [note(`no placement rules are known for ${names.join(', ')}: it is placed as ${USUAL_CHIP}`)]
      : []),
  ]
  return { chip: chip ?? USUAL_CHIP, findings }
}

/** The file first; for devices it does not name, the tool, which asks the card. */
async function addressesOf(
  files: HostFiles,
  ids: readonly number[],
  known: Known | null,
): Promise<Map<number, string>> {
  const asked = (known?.devices ?? []).filter(({ deviceIp }) => deviceIp !== '')
  const addresses = new Map([
    ...asked.map(({ physicalId, deviceIp }) => [physicalId, deviceIp] as const),
    ...parseHccnConf((await files.readText('/etc/hccn.conf')) ?? ''),
  ])
  const tool = `${await driverFolder(files)}/tools/hccn_tool`
  const missing = ids.filter((id) => !addresses.has(id))
  if (missing.length === 0 || !(await files.exists(tool))) return addresses
  const ask = async (id: number, family: readonly string[]): Promise<string | null> =>
    parseHccnTool((await files.run(tool, ['-i', String(id), '-ip', ...family, '-g'])) ?? '')
  await Promise.all(
    missing.map(async (id) => {
      const address = (await ask(id, [])) ?? (await ask(id, ['-inet6']))
      if (address !== null) addresses.set(id, address)
    }),
  )
  return addresses
}

/** Cards for inference (310P) have no network of their own. */
async function addressFindings(
  files: HostFiles,
  chip: Chip,
  devices: readonly Device[],
): Promise<DeviceFinding[]> {
  const without = devices.filter(({ deviceIp }) => deviceIp === '').map(({ physicalId }) => physicalId)
  if (chip === '310p' || without.length === 0) return []
  const why = (await files.exists('/etc/hccn.conf'))
    ? '/etc/hccn.conf does not name them'
    : '/etc/hccn.conf is not there (in a container: mount it)'
  return [
    fix(
      `no address is known for device ${without.join(', ')}: ${why}; set them with "hccn_tool -i N -ip -s address …", else ranks on several servers cannot connect`,
    ),
  ]
}

async function managerFindings(files: HostFiles): Promise<DeviceFinding[]> {
  const { any, always } = ASCEND_SHARED
  const hasManager = await Promise.all(any.map((path) => files.exists(path)))
  const missing = [
    ...(hasManager.includes(true) ? [] : [any[0]]),
    ...(await Promise.all(always.map(async (path) => ((await files.exists(path)) ? [] : [path])))).flat(),
  ]
  return missing.length === 0
    ? []
    : [
        note(
          `${missing.join(', ')} missing: programs cannot open a device where the chip needs it (a newer one may not)`,
        ),
      ]
}

/** Device files that all devices of a host share (ascend.md §4): one of `any`, all of `always`. */
export const ASCEND_SHARED = {
  any: ['/dev/davinci_manager', '/dev/davinci_manager_docker'],
  always: ['/dev/devmm_svm', '/dev/hisi_hdc'],
} as const
