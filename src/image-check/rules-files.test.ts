import { type RuleCase, testRules } from './rule-cases-fixture.ts'
import { account, gpuDriver, home, runTrain, setuid, tmp } from './rules-files.ts'

const sample = <T>(...first: T[]) => ({ count: first.length, first })
const found = (path: string, mode = 0o755, uid = 0, gid = 0) => ({ path, mode, uid, gid })

const CASES: readonly RuleCase[] = [
  {
    rule: 'account',
    what: 'both users',
    says: [
      ['here', 'ok', /added/],
      ['modelarts-1', 'ok', /1101 is work/],
      ['modelarts-2', 'ok', /1000 is ma-user/],
    ],
  },
  {
    rule: 'account',
    what: 'no users',
    files: { accounts: [] },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /No user with uid 1101/],
      ['modelarts-2', 'warning', /No user with uid 1000/],
    ],
  },
  {
    rule: 'account',
    what: 'another user with the uid',
    files: { accounts: [{ name: 'ubuntu', uid: 1000, gid: 1000, home: '/home/ubuntu' }] },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /1101/],
      [
        'modelarts-2',
        'warning',
        /called ubuntu and not ma-user, has group 1000 and not 100, has home \/home\/ubuntu/,
      ],
    ],
  },
  {
    rule: 'home',
    what: 'both homes',
    says: [
      ['here', 'ok', /both homes/],
      ['modelarts-1', 'ok', /1101:1101, mode 755/],
      ['modelarts-2', 'ok', /1000:100/],
    ],
  },
  {
    rule: 'home',
    what: 'no homes',
    files: { homeWork: null, homeMaUser: null },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /home\/work is not a folder/],
      ['modelarts-2', 'warning', /home\/ma-user is not a folder/],
    ],
  },
  {
    rule: 'home',
    what: 'homes of root, and a group that may write',
    files: { homeWork: found('/home/work'), homeMaUser: found('/home/ma-user', 0o775, 0, 100) },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /cannot be written by uid 1101/],
      ['modelarts-2', 'ok', /0:100/],
    ],
  },
  {
    rule: 'home',
    what: 'files that the user cannot read',
    files: { unreadable: { work: sample(), maUser: sample('/home/ma-user/secret') } },
    says: [
      ['here', 'warning', /1 files below .*secret/],
      ['modelarts-1', 'ok', /./],
      ['modelarts-2', 'warning', /secret/],
    ],
  },
  {
    rule: 'tmp',
    what: '/tmp',
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'ok', /1777/],
      ['modelarts-2', 'ok', /1777/],
    ],
  },
  {
    rule: 'tmp',
    what: 'no /tmp',
    files: { tmp: null },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /not there/],
      ['modelarts-2', 'warning', /not there/],
    ],
  },
  {
    rule: 'tmp',
    what: 'a closed /tmp',
    files: { tmp: found('/tmp') },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'warning', /mode 755/],
      ['modelarts-2', 'warning', /mode 755/],
    ],
  },
  {
    rule: 'run-train',
    what: 'no run_train.sh',
    says: [
      ['here', 'ok', /brings its own/],
      ['modelarts-1', 'warning', /No \/home\/work\/run_train/],
    ],
  },
  {
    rule: 'run-train',
    what: 'a run_train.sh of a base image',
    files: {
      runTrain: { ...found('/home/work/run_train.sh'), hasCarriageReturns: false },
      platformTools: ['utils.sh'],
    },
    says: [
      ['here', 'warning', /covered/],
      ['modelarts-1', 'ok', /utils\.sh/],
    ],
  },
  {
    rule: 'run-train',
    what: 'a run_train.sh with Windows line ends',
    files: { runTrain: { ...found('/home/work/run_train.sh'), hasCarriageReturns: true } },
    says: [
      ['here', 'warning', /covered/],
      ['modelarts-1', 'error', /Windows/],
    ],
  },
  {
    rule: 'setuid',
    what: 'no set-uid file',
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'ok', /none/],
    ],
  },
  {
    rule: 'setuid',
    what: 'set-uid files',
    files: {
      setuidRoot: {
        count: 5,
        first: ['su', 'mount', 'passwd', 'gpasswd'].map((name) => found(`/bin/${name}`, 0o4755)),
      },
    },
    says: [
      ['here', 'ok', /./],
      ['modelarts-1', 'error', /5 set-uid.*\/bin\/su, \/bin\/mount, \/bin\/passwd and 2 more/],
    ],
  },
  {
    rule: 'gpu-driver',
    what: 'no driver',
    says: [
      ['here', 'ok', /none/],
      ['modelarts-2', 'ok', /none/],
    ],
  },
  {
    rule: 'gpu-driver',
    what: 'a driver',
    files: { gpuDriver: sample('/usr/lib/libcuda.so.535.1') },
    says: [
      ['here', 'warning', /libcuda/],
      ['modelarts-2', 'error', /libcuda/],
    ],
  },
  {
    rule: 'gpu-driver',
    what: 'files at the mount',
    files: { nvidiaMount: 3 },
    says: [
      ['here', 'ok', /none/],
      ['modelarts-2', 'warning', /3 files below \/usr\/local\/nvidia/],
    ],
  },
]

testRules([account, gpuDriver, home, runTrain, setuid, tmp], CASES)
