// Rules about what runs in the image: shell, Python, MoXing, CANN and frameworks.
import { type FileFacts, type ImageFacts, type Program, type Python, TASK_USERS, variable } from './facts.ts'
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

/** The users of tasks that a program is closed to, as words; null when it is open. */
function closedWords({ target, closedTo }: Program): string | null {
  return closedTo.length === 0
    ? null
    : `${target} cannot be started by uid ${closedTo.join(' and ')}: its mode, or a folder above it, forbids it`
}

const placeOf = (uid: number): Place => (uid === TASK_USERS[1].uid ? 'modelarts-1' : 'modelarts-2')

export const shell: Rule = {
  id: 'shell',
  title: 'Shell',
  source: {
    here: `${OURS}: commands`,
    'modelarts-1': 'ModelArts, generation 1: the command /bin/bash /home/work/run_train.sh',
    'modelarts-2': 'ModelArts, generation 2: commands',
  },
  check: ({ files: { bash, sh } }) => {
    const found = bash ?? sh
    const closed = found === null ? null : closedWords(found)
    const add = 'Install bash, or a static busybox as /bin/sh.'
    const here =
      found === null
        ? warning(
            'here',
            'Neither /bin/bash nor /bin/sh: commands with shell characters cannot run',
            'Write the command as one program and its arguments, or install a shell.',
          )
        : closed === null
          ? ok('here', `${found.path} runs commands with shell characters`)
          : error('here', closed, 'Make it executable for everybody.')
    return [
      here,
      bash === null
        ? error('modelarts-1', 'No /bin/bash: the documented command cannot start', 'Install bash.')
        : ok('modelarts-1', '/bin/bash'),
      found === null
        ? error('modelarts-2', 'No shell: the platform runs commands with one', add)
        : ok('modelarts-2', found.path),
    ]
  },
}

const describePython = ({ path, target, version }: Python): string =>
  `${path}${target === path ? '' : ` → ${target}`}${version === null ? '' : ` (${version})`}`

export const python: Rule = {
  id: 'python',
  title: 'Python',
  source: {
    here: `${OURS}: boot files and moxing`,
    'modelarts-1': 'ModelArts run_train.sh, Ascend: /usr/bin/python',
    'modelarts-2': 'ModelArts, generation 2: python BOOT_FILE',
  },
  check: ({ files: { pythons, cann } }) => {
    const three = pythons.filter(
      ({ version, path }) => !(version ?? path).includes('python2') && !version?.startsWith('2'),
    )
    const [first] = three.filter(({ path }) => !path.endsWith('/python2'))
    if (first === undefined) {
      const message =
        pythons.length === 0
          ? 'No python and no python3 on PATH'
          : `Only Python 2: ${few(pythons.map(describePython))}`
      return [
        warning('here', `${message}: jobs with a boot_file cannot run, commands can`, 'Install python3.'),
        warning('modelarts-2', message, 'Install python3, with a link called python.'),
      ]
    }
    const said: Said[] = []
    const closed = closedWords(first)
    said.push(
      closed === null
        ? ok('here', describePython(first))
        : error('here', closed, 'Install Python outside /root, or open that folder: chmod a+x.'),
      ...first.closedTo.map((uid) => error(placeOf(uid), closed ?? '', 'Install Python outside /root.')),
    )
    const plain = pythons.find(({ path }) => path.endsWith('/python'))
    if (plain === undefined)
      said.push(
        warning(
          'modelarts-2',
          `Only ${first.path}: boot files are started with "python"`,
          'RUN ln -s python3 /usr/bin/python',
        ),
      )
    if (cann.length > 0 && plain?.path !== '/usr/bin/python')
      said.push(
        warning(
          'modelarts-1',
          `run_train.sh of the Ascend base images starts /usr/bin/python; on PATH is ${(plain ?? first).path}`,
          `RUN ln -sf ${first.target} /usr/bin/python`,
        ),
      )
    return said
  },
}

export const conda: Rule = {
  id: 'conda',
  title: 'conda',
  source: { here: `${OURS}: commands`, 'modelarts-2': `${RULES_2}: shell` },
  check: ({ config, files: { condas, pythons } }) => {
    const [root] = condas
    if (root === undefined) return []
    const inConda = pythons.some(({ target }) => condas.some((one) => target.startsWith(`${one}/`)))
    if (inConda) return [ok('here', `PATH leads into ${root}`), ok('modelarts-2', `PATH leads into ${root}`)]
    const message = `conda is at ${few(condas)}, but PATH does not lead there: a command is no login shell, so "conda activate" does not work`
    const path = `ENV PATH=${root}/bin:$PATH, or begin the command with ${root}/bin/conda run -n NAME`
    const isNamed = variable(config, 'ANACONDA_DIR') !== null
    return [
      warning('here', message, `${path}.`),
      isNamed
        ? ok('modelarts-2', 'ANACONDA_DIR names the installation')
        : warning('modelarts-2', message, `${path}, or set ANACONDA_DIR and DEFAULT_CONDA_ENV_NAME.`),
    ]
  },
}

export const moxing: Rule = {
  id: 'moxing',
  title: 'MoXing',
  source: { here: `${OURS}: moxing` },
  check: ({ files: { moxing: own } }) => [
    own.length === 0
      ? ok('here', 'none; Ropeway puts its own on PYTHONPATH')
      : ok('here', `the image's own is used (${few(own)}); Ropeway's steps aside`),
  ],
}

export const libc: Rule = {
  id: 'libc',
  title: 'C library',
  source: { here: `${OURS}: any libc`, 'modelarts-1': 'CANN: glibc', 'modelarts-2': 'CANN: glibc' },
  check: ({ files: { libc: found, cann } }) => {
    const here = ok('here', `${found.join(' and ') || 'none'}; Ropeway's runtime brings its own`)
    if (cann.length === 0 || found.includes('glibc')) return [here]
    const message = `CANN is made for glibc; the image has ${found.join(' and ') || 'no C library'}`
    const advice = 'Build on Debian, Ubuntu, openEuler or EulerOS.'
    return [here, error('modelarts-1', message, advice), error('modelarts-2', message, advice)]
  },
}

const everywhere = (say: (place: Place) => Said): Said[] =>
  (['here', 'modelarts-1', 'modelarts-2'] as const).map(say)

/** CANN's set_env.sh adds these; ENV has to, where nobody sources it. */
const isCannSet = (config: ImageFacts['config']): boolean =>
  ['ASCEND_HOME_PATH', 'ASCEND_TOOLKIT_HOME', 'ASCEND_OPP_PATH'].some((name) => variable(config, name)) ||
  /Ascend/.test(variable(config, 'LD_LIBRARY_PATH') ?? '')

const needsCann = ({ packages }: FileFacts): string | null =>
  packages.find(({ name }) => name === 'torch_npu' || name === 'npu_bridge')?.name ?? null

export const cann: Rule = {
  id: 'cann',
  title: 'CANN',
  source: {
    here: 'Ascend: CANN in the image, driver on the host',
    'modelarts-1': `${RULES_1}: base image`,
    'modelarts-2': `${RULES_2}: base image`,
  },
  check: ({ config, files }) => {
    const { cann: parts } = files
    const wanting = needsCann(files)
    if (parts.length === 0)
      return wanting === null
        ? [ok('here', 'none: for CPU and GPU jobs')]
        : everywhere((place) =>
            warning(
              place,
              `${wanting} is there, but no CANN below an Ascend folder`,
              'Install the CANN toolkit or nnrt of the version that it needs.',
            ),
          )
    const list = parts.map(({ component, version }) => `${component} ${version}`)
    const foreign = parts.find(({ machine }) => machine !== null && machine !== config.architecture)
    if (foreign !== undefined)
      return everywhere((place) =>
        error(
          place,
          `${foreign.component} ${foreign.version} is for ${foreign.machine}, the image for ${config.architecture}`,
          'Install the package of the right machine.',
        ),
      )
    const versions = new Set(
      parts.filter(({ component }) => component === parts[0]?.component).map((part) => part.version),
    )
    if (versions.size > 1)
      return everywhere((place) =>
        warning(
          place,
          `Several versions side by side: ${few(list)}; the link "latest" and set_env.sh decide`,
          'Keep one.',
        ),
      )
    if (!isCannSet(config))
      return everywhere((place) =>
        warning(
          place,
          `${few(list)}, but ENV does not lead to it: a command is no login shell, so .bashrc is not read`,
          'Put what set_env.sh sets into ENV, or begin the command with: . …/set_env.sh &&',
        ),
      )
    return everywhere((place) => ok(place, few(list)))
  },
}

export const ascendDriver: Rule = {
  id: 'ascend-driver',
  title: 'Ascend driver',
  source: {
    here: 'Ascend: the driver is mounted from the host',
    'modelarts-1': 'ModelArts paths: /usr/local/Ascend/driver',
    'modelarts-2': 'ModelArts paths: /usr/local/Ascend/driver',
  },
  check: ({ files: { ascendDriver: driver } }) => {
    if (driver.files === 0)
      return everywhere((place) => ok(place, 'none, as it should be: it comes from the host'))
    const version = driver.version === null ? '' : ` (Version=${driver.version})`
    // The launcher of ModelArts takes this one version for another world (run_train.sh, Ascend).
    const old =
      driver.version === '20.1.0'
        ? '; with exactly this version the launcher counts devices as the host does'
        : ''
    return everywhere((place) =>
      warning(
        place,
        `${driver.files} files of the driver${version} in /usr/local/Ascend/driver${old}; it has to be the host's, which is mounted over it or clashes with it`,
        'Install CANN without the driver: remove /usr/local/Ascend/driver.',
      ),
    )
  },
}

const release = (version: string): string => /^\d+\.\d+(?:\.\d+)?/.exec(version)?.[0] ?? version

export const frameworks: Rule = {
  id: 'frameworks',
  title: 'Frameworks',
  source: { here: 'Ascend PyTorch: torch_npu follows torch' },
  check: ({ files: { packages } }) => {
    if (packages.length === 0) return [ok('here', 'none that is known')]
    const versionsOf = (name: string) => packages.filter((one) => one.name === name).map((one) => one.version)
    const [torch] = versionsOf('torch')
    const [npu] = versionsOf('torch_npu')
    const list = few(
      packages.map(({ name, version }) => `${name} ${version}`),
      packages.length,
      8,
    )
    if (npu !== undefined && torch === undefined)
      return [warning('here', `torch_npu ${npu} without torch`, `pip install torch==${release(npu)}`)]
    if (npu !== undefined && torch !== undefined && release(npu) !== release(torch))
      return [
        warning(
          'here',
          `torch_npu ${npu} beside torch ${torch}: their versions belong together`,
          `pip install torch==${release(npu)}`,
        ),
      ]
    return [ok('here', list)]
  },
}
