// Rules about what lies in the image: users, homes, things that must not be there.
import { EXECUTE, may, READ } from './access.ts'
import { type FileFacts, type FoundFile, type Sample, TASK_USERS, type TaskUser } from './facts.ts'
import {
  error,
  few,
  OURS,
  ok,
  type Place,
  RULES_1,
  RULES_2,
  type Rule,
  type Said,
  warning,
} from './finding.ts'

const WRITE = 2

const MAKE_USER: Readonly<Record<'modelarts-1' | 'modelarts-2', string>> = {
  'modelarts-1': 'RUN groupadd -g 1101 work && useradd -u 1101 -g 1101 -d /home/work -m work',
  'modelarts-2': 'RUN groupadd -f -g 100 ma-group && useradd -u 1000 -g 100 -d /home/ma-user -m ma-user',
}

function accountSaid(place: keyof typeof MAKE_USER, want: TaskUser, { accounts }: FileFacts): Said {
  const found = accounts.find(({ uid }) => uid === want.uid)
  if (found === undefined)
    return warning(
      place,
      `No user with uid ${want.uid} (${want.name}): programs that ask who they are fail`,
      MAKE_USER[place],
    )
  const differs = [
    ...(found.name === want.name ? [] : [`is called ${few([found.name])} and not ${want.name}`]),
    ...(found.gid === want.gid ? [] : [`has group ${found.gid} and not ${want.gid}`]),
    ...(found.home === want.home ? [] : [`has home ${few([found.home])} and not ${want.home}`]),
  ]
  return differs.length === 0
    ? ok(place, `${want.uid} is ${want.name}, group ${want.gid}, home ${want.home}`)
    : warning(place, `uid ${want.uid} ${differs.join(', ')}`, MAKE_USER[place])
}

export const account: Rule = {
  id: 'account',
  title: 'User of the generation',
  source: {
    here: `${OURS}: users of tasks`,
    'modelarts-1': `${RULES_1}: default user`,
    'modelarts-2': `${RULES_2}: default user`,
  },
  check: ({ files }) => [
    ok('here', 'the names work and ma-user are added to /etc/passwd where they are missing'),
    accountSaid('modelarts-1', TASK_USERS[1], files),
    accountSaid('modelarts-2', TASK_USERS[2], files),
  ],
}

function homeSaid(place: Place, want: TaskUser, found: FoundFile | null, unreadable: Sample<string>): Said {
  const chown = `RUN mkdir -p ${want.home} && chown -R ${want.uid}:${want.gid} ${want.home}`
  if (found === null) return warning(place, `${want.home} is not a folder of the image`, chown)
  const owner = `${found.uid}:${found.gid}, mode ${found.mode.toString(8)}`
  if (!may(want, found, READ | WRITE | EXECUTE))
    return warning(place, `${want.home} (${owner}) cannot be written by uid ${want.uid}`, chown)
  return unreadable.count > 0 ? unreadableSaid(place, want, unreadable) : ok(place, `${want.home} (${owner})`)
}

const unreadableSaid = (place: Place, want: TaskUser, { count, first }: Sample<string>): Said =>
  warning(
    place,
    `${count} files below ${want.home} cannot be read by uid ${want.uid}: ${few(first, count)}`,
    `RUN chown -R ${want.uid}:${want.gid} ${want.home}`,
  )

export const home: Rule = {
  id: 'home',
  title: 'Home of the generation',
  source: {
    here: `${OURS}: writable folders`,
    'modelarts-1': `${RULES_1}: home`,
    'modelarts-2': `${RULES_2}: home`,
  },
  check: ({ files: { homeWork, homeMaUser, unreadable } }) => [
    ...(unreadable.work.count > 0 ? [unreadableSaid('here', TASK_USERS[1], unreadable.work)] : []),
    ...(unreadable.maUser.count > 0 ? [unreadableSaid('here', TASK_USERS[2], unreadable.maUser)] : []),
    ...(unreadable.work.count + unreadable.maUser.count === 0
      ? [ok('here', "both homes are made and given to the task's user")]
      : []),
    homeSaid('modelarts-1', TASK_USERS[1], homeWork, unreadable.work),
    homeSaid('modelarts-2', TASK_USERS[2], homeMaUser, unreadable.maUser),
  ],
}

export const setuid: Rule = {
  id: 'setuid',
  title: 'Set-uid files',
  source: { here: `${OURS}: no new privileges`, 'modelarts-1': `${RULES_1}: forbidden additions` },
  check: ({ files: { setuidRoot } }) => [
    ok('here', 'programs cannot gain privileges in a task, set-uid or not'),
    setuidRoot.count === 0
      ? ok('modelarts-1', "none of root's")
      : error(
          'modelarts-1',
          `${setuidRoot.count} set-uid or set-gid files of root: ${few(
            setuidRoot.first.map(({ path }) => path),
            setuidRoot.count,
          )}; the review of images refuses those that its base image has not`,
          'RUN find / -xdev -perm /6000 -type f -exec chmod a-s {} +',
        ),
  ],
}

const REMOVE_DRIVER =
  'Leave the driver out: the host brings its own. CUDA without the driver is what an image needs.'

export const gpuDriver: Rule = {
  id: 'gpu-driver',
  title: 'GPU driver',
  source: { here: `${OURS}: drivers are the host's`, 'modelarts-2': `${RULES_2}: forbidden additions` },
  check: ({ files: { gpuDriver: driver, nvidiaMount } }) => {
    const found = `${driver.count} files of the NVIDIA driver: ${few(driver.first, driver.count)}`
    const covered = `${nvidiaMount} files below /usr/local/nvidia, where the platform mounts its driver over them`
    if (driver.count > 0)
      return [
        warning(
          'here',
          `${found}; they fail beside another version of the host's kernel module`,
          REMOVE_DRIVER,
        ),
        error('modelarts-2', `${found}; an image must not have them`, REMOVE_DRIVER),
      ]
    return nvidiaMount > 0
      ? [ok('here', 'none'), warning('modelarts-2', covered, 'Put them somewhere else.')]
      : [ok('here', 'none'), ok('modelarts-2', 'none')]
  },
}

export const tmp: Rule = {
  id: 'tmp',
  title: '/tmp',
  source: {
    here: `${OURS}: writable folders`,
    'modelarts-1': 'Filesystem Hierarchy Standard: /tmp',
    'modelarts-2': 'Filesystem Hierarchy Standard: /tmp',
  },
  check: ({ files: { tmp: found } }) => {
    const here = ok('here', '/tmp is made writable for everybody')
    const places = ['modelarts-1', 'modelarts-2'] as const
    if (found !== null && (found.mode & 0o1777) === 0o1777)
      return [here, ...places.map((place) => ok(place, '/tmp is writable for everybody, mode 1777'))]
    const state = found === null ? 'is not there' : `has mode ${found.mode.toString(8)}`
    return [
      here,
      ...places.map((place) => warning(place, `/tmp ${state}`, 'RUN mkdir -p /tmp && chmod 1777 /tmp')),
    ]
  },
}

export const runTrain: Rule = {
  id: 'run-train',
  title: 'run_train.sh',
  source: {
    here: `${OURS}: run_train.sh`,
    'modelarts-1': 'ModelArts base images, generation 1: run_train.sh',
  },
  check: ({ files: { runTrain: own, platformTools } }) => {
    const here =
      own === null
        ? ok('here', 'none; Ropeway brings its own to /home/work/run_train.sh')
        : warning(
            'here',
            "The image's /home/work/run_train.sh is covered by Ropeway's own",
            'To keep it: metadata.annotations {"ropeway/keep-image-run-train": "true"}.',
          )
    if (own === null)
      return [
        here,
        warning(
          'modelarts-1',
          'No /home/work/run_train.sh: the command of the documents has nothing to start',
          'Build on a base image of ModelArts, or bake code and start script into the image.',
        ),
      ]
    if (own.hasCarriageReturns)
      return [
        here,
        error(
          'modelarts-1',
          "run_train.sh has Windows line ends: bash says $'\\r': command not found",
          "RUN sed -i 's/\\r$//' /home/work/run_train.sh",
        ),
      ]
    const tools =
      platformTools.length > 0
        ? `, and of the platform's tools ${few(platformTools, platformTools.length, 9)}`
        : ''
    return [here, ok('modelarts-1', `the image has its own${tools}`)]
  },
}
