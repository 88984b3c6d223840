import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildJobBody, type JobFlags } from './job-body.ts'
import type { JobDocument } from './job-file.ts'

const metadata = { name: 'new-name' }
const cases: [title: string, flags: JobFlags, document: JobDocument, body: JobDocument][] = [
  ['a job without a name gets a new one', {}, {}, { kind: 'job', metadata }],
  [
    '--name wins over the file',
    { name: 'b' },
    { metadata: { name: 'a', description: 'd' } },
    { kind: 'job', metadata: { name: 'b', description: 'd' } },
  ],
  ['the file’s name stays', {}, { metadata: { name: 'a' } }, { kind: 'job', metadata: { name: 'a' } }],
  [
    '--image, --command, --code-dir and --boot-file go into the algorithm',
    { image: 'host', command: 'python3 t.py', codeDir: 'obs://b/c/', bootFile: 'obs://b/c/t.py' },
    { algorithm: { engine: { engine_name: 'e', image_url: 'old' } } },
    {
      kind: 'job',
      metadata,
      algorithm: {
        engine: { engine_name: 'e', image_url: 'host' },
        command: 'python3 t.py',
        code_dir: 'obs://b/c/',
        boot_file: 'obs://b/c/t.py',
      },
    },
  ],
  [
    '--env adds to and replaces the file’s environment',
    {
      env: [
        { name: 'A', value: '2' },
        { name: 'B', value: 'x=y' },
      ],
    },
    { algorithm: { environments: { A: '1', C: '3' } } },
    { kind: 'job', metadata, algorithm: { environments: { A: '2', C: '3', B: 'x=y' } } },
  ],
  [
    '--parameter replaces by name and keeps the order',
    {
      parameter: [
        { name: 'lr', value: '0.2' },
        { name: 'n', value: '1' },
      ],
    },
    {
      algorithm: {
        parameters: [
          { name: 'lr', value: '0.1', description: 'rate' },
          { name: 'z', value: '0' },
        ],
      },
    },
    {
      kind: 'job',
      metadata,
      algorithm: {
        parameters: [
          { name: 'lr', value: '0.2', description: 'rate' },
          { name: 'z', value: '0' },
          { name: 'n', value: '1' },
        ],
      },
    },
  ],
  [
    '--input and --output become remote folders',
    {
      input: [{ name: 'data_url', value: 'obs://b/d/' }],
      output: [{ name: 'train_url', value: 'obs://b/m/' }],
    },
    {},
    {
      kind: 'job',
      metadata,
      algorithm: {
        inputs: [{ name: 'data_url', remote: { obs: { obs_url: 'obs://b/d/' } } }],
        outputs: [{ name: 'train_url', remote: { obs: { obs_url: 'obs://b/m/' } } }],
      },
    },
  ],
  [
    '--nodes and --devices replace the file’s flavor',
    { nodes: 2, devices: 4 },
    { spec: { resource: { flavor_id: 'f', node_count: 1 }, auto_stop: { time_unit: 'HOURS', duration: 1 } } },
    {
      kind: 'job',
      metadata,
      spec: {
        resource: { node_count: 2, main_container_customized_flavor: { accelerator_num: 4 } },
        auto_stop: { time_unit: 'HOURS', duration: 1 },
      },
    },
  ],
  [
    '--shm-size, --pull-policy and --host-network become annotations beside the file’s',
    { shmSize: '8Gi', pullPolicy: 'always', hostNetwork: true },
    { metadata: { name: 'a', annotations: { 'ropeway/shm-size': '1Gi', own: 'x' } } },
    {
      kind: 'job',
      metadata: {
        name: 'a',
        annotations: {
          'ropeway/shm-size': '8Gi',
          own: 'x',
          'ropeway/pull-policy': 'always',
          'ropeway/host-network': 'true',
        },
      },
    },
  ],
  [
    '--volume adds folders and shares, and wins over the file’s at the same place',
    {
      volume: [
        { server: null, source: '/data/a', target: '/a', readOnly: undefined },
        { server: '10.0.0.1', source: '/p', target: '/b', readOnly: true },
      ],
    },
    { spec: { volumes: [{ nfs: { src_path: 'x:/y', dest_path: '/a' } }, { nfs: { local_path: '/c' } }] } },
    {
      kind: 'job',
      metadata,
      spec: {
        volumes: [
          { nfs: { local_path: '/c' } },
          { host_path: { src_path: '/data/a', local_path: '/a' } },
          { nfs: { nfs_server_path: '10.0.0.1:/p', local_path: '/b', read_only: true } },
        ],
      },
    },
  ],
  [
    '--flavor replaces the file’s devices',
    { flavor: 'f' },
    { spec: { resource: { main_container_customized_flavor: { accelerator_num: 4 } } } },
    { kind: 'job', metadata, spec: { resource: { flavor_id: 'f' } } },
  ],
]
for (const [title, flags, document, body] of cases)
  test(title, () => {
    const before = structuredClone(document)
    assert.deepEqual(
      buildJobBody(flags, document, () => 'new-name'),
      body,
    )
    assert.deepEqual(document, before, 'the file’s content is left alone')
  })
