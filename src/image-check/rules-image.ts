// Rules about the image as a whole and what its configuration says.
import { TASK_USERS, type TaskUser, variable } from './facts.ts'
import { error, few, gib, OURS, ok, RULES_1, RULES_2, type Rule, type Said, warning } from './finding.ts'

const GB = 1e9
const GIB = 2 ** 30
const SLIM = 'Build in several stages, and remove caches in the layer that makes them.'

/** The documents say GB and not which: between the two meanings it is only a warning. */
function sizeLimit(place: 'modelarts-1' | 'modelarts-2', bytes: number, limit: number, code: string): Said[] {
  const message = `${gib(bytes)} unpacked; the limit is ${limit} GB${code}`
  if (bytes > limit * GIB) return [error(place, message, SLIM)]
  return bytes > limit * GB
    ? [warning(place, `${message}, and close to it: GB may mean 10^9 bytes`, SLIM)]
    : []
}

export const size: Rule = {
  id: 'size',
  title: 'Size',
  source: {
    here: `${OURS}: images`,
    'modelarts-1': `${RULES_1}: size`,
    'modelarts-2': `${RULES_2}: size`,
  },
  check: ({ config: { sizeBytes, layers } }) => {
    const first = sizeLimit('modelarts-1', sizeBytes, 9.5, '')
    const second = sizeLimit('modelarts-2', sizeBytes, 30, ' (over it: ModelArts.2845)')
    const advised =
      sizeBytes > 15 * GB
        ? [warning('modelarts-2', `${gib(sizeBytes)} unpacked; at most 15 GB are advised`, SLIM)]
        : [ok('modelarts-2', `${gib(sizeBytes)}; at most 30 GB, 15 GB advised`)]
    return [
      ok('here', `${gib(sizeBytes)} in ${layers} ${layers === 1 ? 'layer' : 'layers'}; there is no limit`),
      ...(first.length > 0 ? first : [ok('modelarts-1', `${gib(sizeBytes)}; at most 9.5 GB`)]),
      ...(second.length > 0 ? second : advised),
    ]
  },
}

export const complete: Rule = {
  id: 'complete',
  title: 'Everything was seen',
  source: { here: `${OURS}: limits of a check` },
  check: ({ files: { stoppedBecause, entries } }) =>
    stoppedBecause === null
      ? [ok('here', `${entries.toLocaleString('en')} files and folders were looked at`)]
      : [
          warning(
            'here',
            `Not all of the image was looked at: ${stoppedBecause}`,
            'What is said to be missing may be there; what was found stands.',
          ),
        ],
}

export const architecture: Rule = {
  id: 'architecture',
  title: 'Architecture',
  source: { here: `${OURS}: images`, 'modelarts-1': 'ModelArts base images, generation 1: Ascend' },
  check: ({ config, files, machine }) => {
    const { architecture: made, os } = config
    const build = `Build it for this machine: docker build --platform linux/${machine} …`
    const said: Said[] = []
    if (os !== '' && os !== 'linux')
      said.push(error('here', `The image is for ${os}; tasks run on linux`, build))
    else if (made !== '' && made !== machine)
      said.push(error('here', `The image is for ${made}; this machine is ${machine}`, build))
    else {
      const programs = [files.bash, files.sh, ...files.pythons].flatMap((program) => program ?? [])
      const foreign = programs.find((program) => program.machine !== null && program.machine !== machine)
      said.push(
        foreign === undefined
          ? ok('here', `${made || 'not named'}, as this machine`)
          : error(
              'here',
              `The image says ${made}, but ${foreign.target} is a program for ${foreign.machine}; this machine is ${machine}`,
              build,
            ),
      )
    }
    if (files.cann.length > 0)
      said.push(
        made === 'arm64'
          ? ok('modelarts-1', 'arm64, as the Ascend base images are')
          : warning(
              'modelarts-1',
              `The image is for ${made}; the Ascend base images, and the hosts they are for, are aarch64`,
              'Build it with --platform linux/arm64.',
            ),
      )
    return said
  },
}

export const entrypoint: Rule = {
  id: 'entrypoint',
  title: 'ENTRYPOINT and CMD',
  source: { here: `${OURS}: ENTRYPOINT is replaced` },
  check: ({ config: { entrypoint: words, cmd } }) => {
    if (words.length === 0)
      return [
        ok('here', cmd.length === 0 ? 'none' : "No ENTRYPOINT; the command of the job takes CMD's place"),
      ]
    return [
      warning(
        'here',
        `ENTRYPOINT (${few([words.join(' ')])}) is not run: the job's command takes its place`,
        'If it prepares something, such as variables or a conda environment, do that in ENV or at the start of the command.',
      ),
    ]
  },
}

/** The uid that USER names; null when /etc/passwd does not know the name. */
function uidOf(
  user: string,
  accounts: readonly { readonly name: string; readonly uid: number }[],
): number | null {
  const [name = ''] = user.split(':')
  if (name === '' || name === 'root') return 0
  if (/^\d{1,10}$/.test(name)) return Number(name)
  return accounts.find((account) => account.name === name)?.uid ?? null
}

const LEAST_UID = 1000

export const user: Rule = {
  id: 'user',
  title: 'USER',
  source: { here: `${OURS}: users of tasks`, 'modelarts-2': `${RULES_2}: default user` },
  check: ({ config, files }, { allowRoot }) => {
    const uid = uidOf(config.user, files.accounts)
    const shown = config.user === '' ? 'none (root)' : JSON.stringify(config.user.slice(0, 60))
    const root = allowRoot ? 'run_user 0 makes it root' : 'root is not allowed on this installation'
    const said = [
      ok(
        'here',
        `USER is ${shown} and not used: tasks run as 1101:1101 or 1000:100, or as run_user; ${root}`,
      ),
    ]
    const recipe = 'End the Dockerfile with USER ma-user.'
    if (uid === TASK_USERS[2].uid) return [...said, ok('modelarts-2', `USER ${shown} is uid 1000`)]
    if (uid === null)
      return [...said, warning('modelarts-2', `USER ${shown} has no line in /etc/passwd`, recipe)]
    const refused =
      uid < LEAST_UID
        ? `, which public pools refuse (ModelArts.2855: 1000 to 65535; dedicated pools: 0 to 65535)`
        : ''
    return [
      ...said,
      warning('modelarts-2', `USER ${shown} is uid ${uid} and not 1000 (ma-user)${refused}`, recipe),
    ]
  },
}

const steering = (entry: string): boolean => /^(LD|NODE|SSL|OPENSSL)_/.test(entry)
const nameOf = (entry: string): string => entry.split('=')[0] ?? ''

export const environment: Rule = {
  id: 'environment',
  title: 'ENV',
  source: { here: `${OURS}: environment of the image`, 'modelarts-2': 'ModelArts, generation 2: variables' },
  check: ({ config, files: { missingPreloads } }) => {
    const names = config.env.map(nameOf)
    const parked = names.filter(steering)
    const platform = names.filter((name) => name.startsWith('MA_'))
    return [
      missingPreloads.length > 0
        ? warning(
            'here',
            `LD_PRELOAD names ${few(missingPreloads)}, which the image does not have: every program will complain`,
            'Correct ENV LD_PRELOAD, or leave it out.',
          )
        : ok(
            'here',
            parked.length === 0
              ? 'nothing that steers our runtime'
              : `${few(parked, parked.length, 6)}: kept from our runtime, given to the job's programs unchanged`,
          ),
      platform.length > 0
        ? warning(
            'modelarts-2',
            `ENV sets ${few(platform)}; variables of users must not begin with MA_`,
            'Rename them: the platform sets its own.',
          )
        : ok('modelarts-2', 'no variable begins with MA_'),
    ]
  },
}

export const unbuffered: Rule = {
  id: 'unbuffered',
  title: 'PYTHONUNBUFFERED',
  source: {
    here: `${OURS}: environment of tasks`,
    'modelarts-1': `${RULES_1}: logs`,
    'modelarts-2': `${RULES_2}: logs`,
  },
  check: ({ config, files: { pythons } }) => {
    if (pythons.length === 0) return []
    const isSet = (variable(config, 'PYTHONUNBUFFERED') ?? '') !== ''
    const places = ['modelarts-1', 'modelarts-2'] as const
    return [
      ok('here', isSet ? 'set' : 'set by Ropeway for every task'),
      ...places.map((place) =>
        isSet
          ? ok(place, 'set')
          : warning(
              place,
              "Not set: Python's output reaches the log late, and its end is lost when it is killed",
              'ENV PYTHONUNBUFFERED=1',
            ),
      ),
    ]
  },
}

export const workingDir: Rule = {
  id: 'working-dir',
  title: 'WORKDIR',
  source: { here: `${OURS}: working folder`, 'modelarts-2': 'ModelArts, generation 2: working folder' },
  check: ({ config: { workingDir: dir } }) => {
    const isHome = (user: TaskUser): boolean => dir.replace(/\/+$/, '') === user.home
    if (dir === '' || dir === '/' || Object.values(TASK_USERS).some(isHome))
      return [ok('here', dir === '' ? 'none' : dir)]
    const advice = `Name files by their whole path, or give the job working_dir ${few([dir])}.`
    const message = `WORKDIR ${few([dir])} is not used: commands start in the home of the task's user`
    return [warning('here', message, advice), warning('modelarts-2', message, advice)]
  },
}
