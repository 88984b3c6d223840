// Fields and annotations of a create body that are acted on, as docs/fields.md shows them; check-fields.ts has the others.
// A test holds both together to the contract: nothing of it is missing. `partly` says what differs from ModelArts.
import { ANNOTATION, RETRY } from './annotations.ts'

export type ActedField = {
  readonly field: string
  /** `stored`: it changes nothing here, as it changes nothing in ModelArts' running of the job. */
  readonly how: 'exact' | 'partly' | 'stored'
  readonly effect: string
}

const LIMITS =
  'within the [site’s](how-to/configure-the-site.md) limits (5 GiB, 1,024 files, 32 folders deep)'
const DATA = '([how](how-to/bring-data-in-and-out.md))'

export const ACTED: readonly ActedField[] = [
  { field: 'metadata.name', how: 'exact', effect: 'name of the job, unique in its workspace' },
  { field: 'metadata.workspace_id', how: 'exact', effect: 'stored, shown, searched' },
  { field: 'metadata.description', how: 'exact', effect: 'stored, shown, changed by PUT' },
  { field: 'metadata.annotations', how: 'partly', effect: 'stored and shown; the ones below are acted on' },
  {
    field: 'metadata.training_experiment_reference',
    how: 'exact',
    effect: 'the job joins the experiment (`id`) or makes one (`name`)',
  },
  {
    field: 'algorithm.id',
    how: 'exact',
    effect: 'a stored algorithm: what it runs, with its parameters checked against their constraints',
  },
  { field: 'algorithm.name', how: 'stored', effect: 'shown; of a stored algorithm it is filled in' },
  {
    field: 'algorithm.code_dir',
    how: 'exact',
    effect: `brought in before the start, ${LIMITS}; \`file://\` is a folder of the image`,
  },
  {
    field: 'algorithm.boot_file',
    how: 'exact',
    effect: 'the script that is started when there is no command',
  },
  {
    field: 'algorithm.command',
    how: 'exact',
    effect: 'what is run; without shell characters it needs no shell in the image',
  },
  { field: 'algorithm.local_code_dir', how: 'exact', effect: 'where the code goes' },
  { field: 'algorithm.working_dir', how: 'exact', effect: 'where the command starts' },
  {
    field: 'algorithm.environments',
    how: 'exact',
    effect:
      'environment of the command; names that begin with `MA_` or `ROPEWAY_` belong to the platform, a few excepted that the message names',
  },
  {
    field: 'algorithm.parameters[]',
    how: 'exact',
    effect:
      'appended to the command as `--name=value`, one argument each; a value that its `constraint` does not allow is refused',
  },
  { field: 'algorithm.parameters_customization', how: 'stored', effect: 'shown' },
  {
    field: 'algorithm.inputs[]',
    how: 'exact',
    effect: `brought in before the start ${DATA}; the path is passed as parameter or variable`,
  },
  {
    field: 'algorithm.outputs[]',
    how: 'exact',
    effect: `changed files are uploaded while the command runs (\`period\`, 30 seconds) and at its end, however it ends ${DATA}`,
  },
  { field: 'algorithm.outputs[].mode', how: 'stored', effect: 'outputs are always uploaded periodically' },
  {
    field: 'algorithm.outputs[].prefetch_to_local',
    how: 'exact',
    effect: 'what is in the output folder is brought in before the start',
  },
  {
    field: 'algorithm.engine.image_url',
    how: 'exact',
    effect:
      'image, pulled by policy and pinned to one digest for all tasks of an attempt; `host` on the host backend',
  },
  {
    field: 'algorithm.engine.engine_id',
    how: 'exact',
    effect: 'a preset engine of the [site](how-to/configure-the-site.md): its image and user',
  },
  { field: 'algorithm.engine.engine_name', how: 'exact', effect: 'the same, by name and version' },
  { field: 'algorithm.engine.engine_version', how: 'exact', effect: 'see engine_name' },
  {
    field: 'algorithm.engine.install_sys_packages',
    how: 'stored',
    effect: 'moxing is there for every task that brings none',
  },
  {
    field: 'algorithm.engine.run_user',
    how: 'exact',
    effect: 'uid the task runs as, from 1; root where the administrator allows it, never on the host backend',
  },
  {
    field: 'algorithm.policies',
    how: 'partly',
    effect: 'empty policies are taken; see below for auto_search',
  },
  { field: 'spec.resource.flavor_id', how: 'exact', effect: 'size of each task' },
  { field: 'spec.resource.node_count', how: 'exact', effect: 'number of tasks, all started or none' },
  { field: 'spec.resource.pool_id', how: 'partly', effect: 'only `default` exists' },
  { field: 'spec.resource.policy', how: 'stored', effect: 'nobody is billed' },
  {
    field: 'spec.resource.main_container_customized_flavor',
    how: 'exact',
    effect: 'size of each task, in place of a flavor',
  },
  {
    field: 'spec.volumes[]',
    how: 'partly',
    effect:
      '`nfs` and `host_path` folders of the [administrator’s list](how-to/configure-the-site.md); other kinds are refused',
  },
  {
    field: 'spec.log_export_path',
    how: 'exact',
    effect:
      'logs, and log files of CANN and MindSpore, go to `obs_url` or `host_path` while the job runs ([how](how-to/export-logs.md))',
  },
  { field: 'spec.log_export_config', how: 'partly', effect: '`version` is stored; see below for rotation' },
  { field: 'spec.auto_stop', how: 'exact', effect: 'the job is stopped after so many hours' },
]

/** Annotations by what they do together. */
export const ACTED_ANNOTATIONS: ReadonlyArray<{
  readonly names: readonly string[]
  readonly effect: string
}> = [
  { names: [RETRY.count], effect: 'how many more attempts a failed job gets, 1 to 128' },
  { names: [RETRY.unconditional], effect: '`true`: also when the user’s program was what failed' },
  {
    names: ['job_template', 'key_task'],
    effect: 'stored; every job is shown with `Template DL` and `worker` where it says nothing else',
  },
  {
    names: [ANNOTATION.keepRunTrain],
    effect: '`true`: the image’s own `/home/work/run_train.sh` is not covered by ours',
  },
  {
    names: [
      ANNOTATION.shmSize,
      ANNOTATION.ulimits,
      ANNOTATION.devices,
      ANNOTATION.capabilities,
      ANNOTATION.hostNetwork,
    ],
    effect: 'what the container gets, within what the [site](how-to/configure-the-site.md) allows',
  },
  {
    names: [ANNOTATION.sharedOutputs],
    effect:
      '`true`: outputs may lie in folders that another unfinished job writes to; without it such a job is refused',
  },
  {
    names: [ANNOTATION.rankTable],
    effect:
      'form of the rank table: `0.1` (the default, as the documents say), `1.0` or `1.2` ([which](guide/rank-tables.md))',
  },
  {
    names: [ANNOTATION.s3Endpoint],
    effect: `\`true\`: S3 on the task’s loopback, for programs with a client of their own ${DATA}`,
  },
  { names: [ANNOTATION.pullPolicy], effect: '`always`, `missing` or `never`' },
  { names: [ANNOTATION.fake], effect: 'what a task of the fake backend does; for tests' },
  {
    names: [ANNOTATION.secretEnvironment],
    effect: 'names of variables, separated by commas, whose values are stored encrypted and never shown',
  },
]
