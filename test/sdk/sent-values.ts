// What the tests send in each field of a create body: something valid and recognisable.

/** By path; other fields get a value of their type. */
const VALUES: Readonly<Record<string, unknown>> = {
  kind: 'job',
  train_type: 'SFT',
  'metadata.workspace_id': '0',
  'metadata.annotations': { 'team/cost-centre': '42' },
  'algorithm.code_dir': 'obs://training-bucket/code/',
  'algorithm.boot_file': 'obs://training-bucket/code/train.py',
  'algorithm.command': 'python3 train.py',
  'algorithm.local_code_dir': '/home/ma-user/code',
  'algorithm.working_dir': '/home/ma-user/work',
  'algorithm.environments': { EPOCHS: '3' },
  'algorithm.parameters[].value': '0.1',
  'algorithm.parameters[].constraint.type': 'Float',
  'algorithm.parameters[].constraint.valid_type': 'None',
  'algorithm.parameters[].i18n_description.language': 'en-us',
  'algorithm.inputs[].access_method': 'env',
  'algorithm.inputs[].local_dir': '/home/ma-user/data',
  'algorithm.inputs[].remote.obs.obs_url': 'obs://training-bucket/data/',
  'algorithm.outputs[].access_method': 'env',
  'algorithm.outputs[].local_dir': '/home/ma-user/model',
  'algorithm.engine.image_url': 'harbor.example.com/team/train:1',
  'algorithm.summary.log_type': 'tensorboard',
  'spec.resource.flavor_id': 'ropeway.cpu.1',
  'spec.resource.main_container_customized_flavor.cpu_core_num': 1,
  'spec.resource.main_container_customized_flavor.mem_size': 1,
  'spec.resource.main_container_customized_flavor.accelerator_num': 1,
  'spec.volumes[].nfs.nfs_server_path': '10.0.0.1:/data',
  'spec.volumes[].nfs.local_path': '/mnt/data',
  'spec.volumes[].pfs.pfs_path': '/training-bucket/data',
  'spec.volumes[].pfs.local_path': '/mnt/data',
  'spec.volumes[].obs.obs_path': 'obs://training-bucket/data/',
  'spec.volumes[].obs.local_path': '/mnt/data',
  'spec.log_export_path.obs_url': 'obs://training-bucket/log/',
  'spec.log_export_path.host_path': '/var/log/jobs',
  'spec.log_export_config.version': 'v0',
  'spec.auto_stop.time_unit': 'HOURS',
  'spec.retention.policy': 'enabled',
  'spec.schedule_policy.priority': 1,
  'spec.schedule_policy.required_affinity.affinity_type': 'cabinet',
  'spec.schedule_policy.required_affinity.job_level': 'cluster',
  'spec.notification.topic_urn': 'urn:smn:region:project:topic',
  'spec.notification.events[]': 'JobCompleted',
  'spec.reserved_time.time_unit': 'HOURS',
}

const OF_TYPE: Readonly<Record<string, unknown>> = {
  str: 'text',
  int: 2,
  float: 1.5,
  bool: true,
  'dict(str, str)': { key: 'text' },
}

export const valueFor = (path: string, type: string): unknown => VALUES[path] ?? OF_TYPE[type] ?? 'text'

/** What the SDK's models, or the meaning of a field, ask for beside it. Keys are beginnings of paths. */
const BESIDE: Readonly<Record<string, object>> = {
  'algorithm.boot_file': { algorithm: { code_dir: 'obs://training-bucket/code/' } },
  'algorithm.local_code_dir': { algorithm: { code_dir: 'obs://training-bucket/code/' } },
  'algorithm.parameters': { algorithm: { parameters: [{ name: 'lr', value: '0.1' }] } },
  'algorithm.inputs': {
    algorithm: {
      inputs: [{ name: 'data_url', remote: { obs: { obs_url: 'obs://training-bucket/data/' } } }],
    },
  },
  'algorithm.outputs': {
    algorithm: {
      outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://training-bucket/model/' } } }],
    },
  },
  'spec.auto_stop': { spec: { auto_stop: { time_unit: 'HOURS', duration: 2 } } },
  'spec.reserved_time': { spec: { reserved_time: { time_unit: 'HOURS', duration: 2 } } },
  'spec.volumes[].nfs': {
    spec: { volumes: [{ nfs: { nfs_server_path: '10.0.0.1:/data', local_path: '/mnt/data' } }] },
  },
  'spec.asset_model': { spec: { asset_model: { name: 'text', version: 'text', type: 'text' } } },
  'spec.output_model': { spec: { output_model: { obs: { obs_path: 'obs://training-bucket/model/' } } } },
}

export const besideOf = (path: string): readonly object[] =>
  Object.entries(BESIDE).flatMap(([start, part]) => (path.startsWith(start) ? [part] : []))

/** The least create body. */
export const LEAST_JOB = {
  kind: 'job',
  metadata: { name: 'fields' },
  algorithm: { engine: { image_url: 'harbor.example.com/team/train:1' }, command: 'python3 train.py' },
  spec: { resource: { flavor_id: 'ropeway.cpu.1', node_count: 1 } },
}
