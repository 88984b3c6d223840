// Machines with devices, as folders: what their driver shows in /dev, /etc and the output of its tools. The forms are
// those that real servers print (ascend.md §4); names and addresses are invented.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type Layout = {
  /** Names in /dev. */
  readonly dev?: readonly string[]
  /** Text of other files by absolute path. */
  readonly files?: Readonly<Record<string, string>>
  /** What a program, by absolute path, prints for its arguments; it fails for others. */
  readonly programs?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Writes a layout into a new folder, which is gone when the block ends. */
export function layoutFolder(layout: Layout): Disposable & { root: string } {
  const root = mkdtempSync(join(tmpdir(), 'rw-layout-'))
  writeLayout(root, layout)
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}

/** Writes a layout over what is in a folder; device files that are there stay as they are. */
export function writeLayout(root: string, { dev = [], files = {}, programs = {} }: Layout): void {
  const write = (path: string, text: string, mode: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, { mode })
  }
  for (const name of dev) if (!existsSync(join(root, 'dev', name))) write(`/dev/${name}`, '', 0o644)
  for (const [path, text] of Object.entries(files)) write(path, text, 0o644)
  for (const [path, answers] of Object.entries(programs)) write(path, scriptOf(answers), 0o755)
}

function scriptOf(answers: Readonly<Record<string, string>>): string {
  const cases = Object.entries(answers).map(([args, text]) => `'${args}') cat <<'END'\n${text}\nEND\n;;`)
  return `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) echo "unknown: $*"; exit 1;;\nesac\n`
}

export const SHARED_DEV = ['davinci_manager', 'devmm_svm', 'hisi_hdc', 'null']
const NPU_SMI = '/usr/local/bin/npu-smi'
const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index)
const RULE = '+---------------------------+---------------+------------------------------------------------+'

/** `npu-smi info`; `lower` is the first cell of the second line. */
function box(heading: string, rows: readonly { upper: string; health: string; lower: string }[]): string {
  const row = (first: string, second: string, third: string): string =>
    `| ${first.padEnd(25)} | ${second.padEnd(13)} | ${third.padEnd(46)} |`
  return [
    RULE,
    '| npu-smi 23.0.rc3                         Version: 23.0.rc3                                  |',
    RULE,
    row('NPU   Name', 'Health', 'Power(W)    Temp(C)           Hugepages-Usage'),
    row(heading, 'Bus-Id', 'AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)'),
    ...rows.flatMap(({ upper, health, lower }) => [
      RULE,
      row(upper, health, '90.1        36                0    / 0'),
      row(lower, '0000:C1:00.0', '0           0    / 0          3347 / 65536'),
    ]),
    RULE,
    row('NPU     Chip', 'Process id', 'Process name             Process memory(MB)'),
    RULE,
    row('0       0', '1234', 'python                   57000'),
    '| No running processes found in NPU 1                                                            |',
    RULE,
  ].join('\n')
}

const hccnConf = (ids: readonly number[]): string =>
  ids
    .map((id) => `address_${id}=192.168.${100 + (id % 4)}.${10 + id}\nnetmask_${id}=255.255.255.0\n`)
    .join('')

const driver = (version: string): Record<string, string> => ({
  '/usr/local/Ascend/driver/version.info': `Version=${version}\nascendhal_version=7.0\n`,
  '/usr/local/Ascend/driver/lib64/common/libc_sec.so': 'x',
  '/etc/ascend_install.info': 'UserName=HwHiAiUser\nDriver_Install_Path_Param=/usr/local/Ascend\n',
})

/** A header of `npu-smi info -m`, tab and all, and its rows. */
const mapText = (columns: string, rows: readonly string[][]): string =>
  ['', columns, ...rows.map((row) => `\t${row.map((cell) => cell.padEnd(30)).join(' ')}`)].join('\n')
const MAP =
  '\tNPU ID                         Chip ID                        Chip Logic ID                  Chip Name'
const MAP_PHYSICAL = '\tNPU ID    Chip ID    Chip Logic ID    Chip Phy-ID    Chip Name'

/** Eight cards of the first generation: an old driver, whose boxes name the device. */
export const LAYOUT_910A: Layout = {
  dev: [...count(8).map((id) => `davinci${id}`), ...SHARED_DEV],
  files: { ...driver('21.0.4'), '/etc/hccn.conf': hccnConf(count(8)) },
  programs: {
    [NPU_SMI]: {
      info: box(
        'Chip  Device',
        count(8).map((id) => ({ upper: `${id}     910A`, health: 'OK', lower: `0     ${id}` })),
      ),
    },
  },
}

/** Eight cards of the second, each with its microcontroller in the map; `health` by card. */
export function layout910b(health: Readonly<Record<number, string>> = {}, listed = count(8)): Layout {
  return {
    dev: [...count(8).map((id) => `davinci${id}`), ...SHARED_DEV],
    files: { ...driver('23.0.rc3'), '/etc/hccn.conf': hccnConf(count(8)) },
    programs: {
      [NPU_SMI]: {
        'info -m': mapText(
          MAP,
          listed.flatMap((id) => [
            [String(id), '0', String(id), 'Ascend 910B3'],
            [String(id), '1', '-', 'Mcu'],
          ]),
        ),
        info: box(
          'Chip',
          listed.map((id) => ({ upper: `${id}     910B3`, health: health[id] ?? 'OK', lower: '0' })),
        ),
      },
    },
  }
}

/** Eight cards of two dies. Their addresses are known to hccn_tool only, the last one's as IPv6. */
export const LAYOUT_A3: Layout = {
  dev: [...count(16).map((id) => `davinci${id}`), ...SHARED_DEV],
  files: driver('25.0.rc1'),
  programs: {
    [NPU_SMI]: {
      'info -m': mapText(
        MAP_PHYSICAL,
        count(8).flatMap((card) => [
          [String(card), '0', String(2 * card), String(2 * card), 'Ascend910'],
          [String(card), '1', String(2 * card + 1), String(2 * card + 1), 'Ascend910'],
          [String(card), '2', '-', '-', 'Mcu'],
        ]),
      ),
      info: box(
        'Chip  Phy-ID',
        count(16).map((id) => ({
          upper: `${id >> 1}     Ascend910`,
          health: 'OK',
          lower: `${id % 2}     ${id}`,
        })),
      ),
      ...Object.fromEntries(
        count(16).map((id) => [
          `info -t spod-info -i ${id >> 1} -c ${id % 2}`,
          `\tSDID                           : ${(1 << 24) + id}\n\tSuper Pod Size                 : 384\n\tSuper Pod ID                   : 3\n\tServer Index                   : 4`,
        ]),
      ),
    },
    '/usr/local/Ascend/driver/tools/hccn_tool': Object.fromEntries(
      count(16).map((id) =>
        id < 15
          ? [`-i ${id} -ip -g`, `ipaddr:172.16.0.${id + 1}\nnetmask:255.255.0.0`]
          : [`-i ${id} -ip -inet6 -g`, 'ipaddr:fd00::1:f\nprefix:64'],
      ),
    ),
  },
}

/** Two inference cards of two chips each; no network of their own. */
export const LAYOUT_310P: Layout = {
  dev: [...count(4).map((id) => `davinci${id}`), ...SHARED_DEV],
  files: driver('24.1.0'),
  programs: {
    [NPU_SMI]: {
      info: box(
        'Chip    Device',
        count(4).map((id) => ({
          upper: `${id < 2 ? 1 : 5}       310P3`,
          health: 'OK',
          lower: `${id % 2}       ${id}`,
        })),
      ),
    },
  },
}
