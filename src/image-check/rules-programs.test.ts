import type { InstalledPackage } from './facts.ts'
import { program } from './facts-fixture.ts'
import { type RuleCase, testRules } from './rule-cases-fixture.ts'
import {
  ascendDriver,
  cann,
  conda,
  frameworks,
  libc,
  moxing,
  python as pythonRule,
  shell,
} from './rules-programs.ts'

const installed = (name: string, version: string): InstalledPackage => ({ name, version, path: '/x' })
const toolkit = (version: string, machine: string | null = null) => ({
  component: 'ascend-toolkit',
  version,
  machine,
  path: '/usr/local/Ascend/ascend-toolkit',
})
const python = (path: string, version: string | null, more = {}) => ({ ...program(path, more), version })

const CASES: readonly RuleCase[] = [
  {
    rule: 'shell',
    what: 'bash',
    says: [
      ['here', 'ok', /\/bin\/bash/],
      ['modelarts-1', 'ok', /bash/],
      ['modelarts-2', 'ok', /bash/],
    ],
  },
  {
    rule: 'shell',
    what: 'sh alone',
    files: { bash: null },
    says: [
      ['here', 'ok', /\/bin\/sh/],
      ['modelarts-1', 'error', /No \/bin\/bash/],
      ['modelarts-2', 'ok', /sh/],
    ],
  },
  {
    rule: 'shell',
    what: 'no shell',
    files: { bash: null, sh: null },
    says: [
      ['here', 'warning', /Neither/],
      ['modelarts-1', 'error', /No \/bin\/bash/],
      ['modelarts-2', 'error', /No shell/],
    ],
  },
  {
    rule: 'shell',
    what: 'a shell that nobody may start',
    files: { bash: program('/bin/bash', { closedTo: [1101, 1000] }) },
    says: [
      ['here', 'error', /uid 1101 and 1000/],
      ['modelarts-1', 'ok', /./],
      ['modelarts-2', 'ok', /./],
    ],
  },
  {
    rule: 'python',
    what: 'python',
    says: [['here', 'ok', /\/usr\/bin\/python → \/usr\/bin\/python3\.11 \(3\.11\)/]],
  },
  {
    rule: 'python',
    what: 'no Python',
    files: { pythons: [] },
    says: [
      ['here', 'warning', /No python/],
      ['modelarts-2', 'warning', /No python/],
    ],
  },
  {
    rule: 'python',
    what: 'Python 2 alone',
    files: { pythons: [python('/usr/bin/python', '2.7')] },
    says: [
      ['here', 'warning', /Only Python 2/],
      ['modelarts-2', 'warning', /Only Python 2/],
    ],
  },
  {
    rule: 'python',
    what: 'python3 without python',
    files: { pythons: [python('/usr/bin/python3', '3.9')] },
    says: [
      ['here', 'ok', /python3 \(3\.9\)/],
      ['modelarts-2', 'warning', /started with "python"/],
    ],
  },
  {
    rule: 'python',
    what: 'Python in a closed folder',
    files: { pythons: [python('/root/conda/bin/python', '3.9', { closedTo: [1000] })] },
    says: [
      ['here', 'error', /\/root\/conda\/bin\/python cannot be started by uid 1000/],
      ['modelarts-2', 'error', /uid 1000/],
    ],
  },
  {
    rule: 'python',
    what: 'Python of conda beside CANN',
    files: { cann: [toolkit('8.0.0')], pythons: [python('/opt/conda/bin/python', '3.9')] },
    says: [
      ['here', 'ok', /conda/],
      ['modelarts-1', 'warning', /starts \/usr\/bin\/python; on PATH is \/opt\/conda/],
    ],
  },
  { rule: 'conda', what: 'no conda', says: [] },
  {
    rule: 'conda',
    what: 'conda beside PATH',
    files: { condas: ['/opt/conda'] },
    says: [
      ['here', 'warning', /no login shell/],
      ['modelarts-2', 'warning', /conda activate/],
    ],
  },
  {
    rule: 'conda',
    what: 'conda that is named',
    files: { condas: ['/opt/conda'] },
    config: { env: ['ANACONDA_DIR=/opt/conda'] },
    says: [
      ['here', 'warning', /./],
      ['modelarts-2', 'ok', /ANACONDA_DIR/],
    ],
  },
  {
    rule: 'conda',
    what: 'conda on PATH',
    files: { condas: ['/opt/conda'], pythons: [python('/opt/conda/bin/python', '3.9')] },
    says: [
      ['here', 'ok', /leads/],
      ['modelarts-2', 'ok', /leads/],
    ],
  },
  { rule: 'libc', what: 'nothing but static programs', files: { libc: [] }, says: [['here', 'ok', /none/]] },
  {
    rule: 'libc',
    what: 'CANN on musl',
    files: { libc: ['musl'], cann: [toolkit('8.0.0')] },
    says: [
      ['here', 'ok', /musl/],
      ['modelarts-1', 'error', /glibc.*musl/],
      ['modelarts-2', 'error', /glibc/],
    ],
  },
  { rule: 'moxing', what: 'no moxing', says: [['here', 'ok', /own on PYTHONPATH/]] },
  {
    rule: 'moxing',
    what: 'moxing',
    files: { moxing: ['/x/moxing'] },
    says: [['here', 'ok', /\/x\/moxing.*steps aside/]],
  },
  {
    rule: 'ascend-driver',
    what: 'no driver',
    says: [
      ['here', 'ok', /none/],
      ['modelarts-1', 'ok', /none/],
      ['modelarts-2', 'ok', /none/],
    ],
  },
  {
    rule: 'ascend-driver',
    what: 'the driver with the special version',
    files: { ascendDriver: { files: 7, version: '20.1.0' } },
    says: [
      ['here', 'warning', /7 files.*Version=20\.1\.0.*as the host does/],
      ['modelarts-1', 'warning', /./],
      ['modelarts-2', 'warning', /./],
    ],
  },
  { rule: 'cann', what: 'no CANN', says: [['here', 'ok', /none/]] },
  {
    rule: 'cann',
    what: 'torch_npu without CANN',
    files: { packages: [installed('torch_npu', '2.1.0')] },
    says: [
      ['here', 'warning', /torch_npu is there, but no CANN/],
      ['modelarts-1', 'warning', /./],
      ['modelarts-2', 'warning', /./],
    ],
  },
  {
    rule: 'cann',
    what: 'CANN that ENV does not lead to',
    files: { cann: [toolkit('8.0.0')] },
    says: [
      ['here', 'warning', /no login shell/],
      ['modelarts-1', 'warning', /./],
      ['modelarts-2', 'warning', /./],
    ],
  },
  {
    rule: 'cann',
    what: 'CANN that ENV leads to',
    files: { cann: [toolkit('8.0.0', 'amd64')] },
    config: { env: ['ASCEND_HOME_PATH=/usr/local/Ascend/ascend-toolkit/latest'] },
    says: [
      ['here', 'ok', /ascend-toolkit 8\.0\.0/],
      ['modelarts-1', 'ok', /./],
      ['modelarts-2', 'ok', /./],
    ],
  },
  {
    rule: 'cann',
    what: 'two versions of CANN',
    files: { cann: [toolkit('8.0.0'), toolkit('7.0.0')] },
    says: [
      ['here', 'warning', /8\.0\.0, ascend-toolkit 7\.0\.0/],
      ['modelarts-1', 'warning', /./],
      ['modelarts-2', 'warning', /./],
    ],
  },
  {
    rule: 'cann',
    what: 'CANN of another machine',
    files: { cann: [toolkit('8.0.0', 'arm64')] },
    says: [
      ['here', 'error', /for arm64, the image for amd64/],
      ['modelarts-1', 'error', /./],
      ['modelarts-2', 'error', /./],
    ],
  },
  { rule: 'frameworks', what: 'none', says: [['here', 'ok', /none/]] },
  {
    rule: 'frameworks',
    what: 'torch and torch_npu',
    files: { packages: [installed('torch', '2.1.0+cpu'), installed('torch_npu', '2.1.0.post3')] },
    says: [['here', 'ok', /torch 2\.1\.0\+cpu, torch_npu 2\.1\.0\.post3/]],
  },
  {
    rule: 'frameworks',
    what: 'torch_npu of another release',
    files: { packages: [installed('torch', '2.4.0'), installed('torch_npu', '2.1.0')] },
    says: [['here', 'warning', /belong together/]],
  },
  {
    rule: 'frameworks',
    what: 'torch_npu without torch',
    files: { packages: [installed('torch_npu', '2.1.0')] },
    says: [['here', 'warning', /without torch/]],
  },
]

testRules([ascendDriver, cann, conda, frameworks, libc, moxing, pythonRule, shell], CASES)
