// Cases for a server on any container engine: the seed document's literal command with each uid, several tasks that find one
// another by name, and ends told apart.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type Docker from 'dockerode'
import { importPythonImage } from './docker-images.ts'
import { nothingLeftOn } from './docker-left.ts'
import { body, type Finished, Ropeway } from './harness.ts'

const IMAGE = 'train:latest'
const COMMAND =
  "/bin/bash /home/work/run_train.sh 'obs://training-bucket/code/resnet50/' 'resnet50/train.py' '/tmp/log/train.log' --'data_url'='obs://training-bucket/cifar-10/' --'train_url'='obs://training-bucket/model/'"

const TRAIN = `
import json, os, socket, sys, getpass
import moxing as mox
args = dict(a[2:].split('=', 1) for a in sys.argv[1:])
mox.file.copy_parallel(args['data_url'], '/cache/data' + os.environ['RANK_ID'])
hosts = [host for name in sorted(os.environ) if name.startswith('BATCH_') and name.endswith('_HOSTS') for host in os.environ[name].split(',')]
record = {
  'argv': sys.argv, 'uid': os.getuid(), 'gid': os.getgid(), 'user': getpass.getuser(), 'environment': dict(os.environ),
  'v01': json.load(open('/user/config/jobstart_hccl.json')), 'v10': json.load(open(os.environ['RANK_TABLE_FILE'])),
  'data': sorted(os.listdir('/cache/data' + os.environ['RANK_ID'])),
  'resolved': {host: socket.gethostbyname(host.split(':')[0]) for host in hosts},
  'own': socket.gethostbyname(socket.gethostname()),
  'kept': open('/home/ma-user/kept').read(),
}
mox.file.write(args['train_url'] + 'rank-%s.json' % os.environ['RANK_ID'], json.dumps(record))
print('rank', os.environ['RANK_ID'], 'is done')
`

type Server = { server_id: string; device: { rank_id: string }[] }
type Rank = {
  argv: string[]
  uid: number
  gid: number
  user: string
  environment: Record<string, string>
  v01: { status: string }
  v10: { status: string; server_list: Server[] }
  data: string[]
  resolved: Record<string, string>
  own: string
  kept: string
}

/** What the cases need of an engine. */
export type EngineUnderTest = AsyncDisposable & { readonly docker: Docker; readonly host: string }

/** Registers the cases for one engine. */
export function describeServer(name: string, startEngine: () => Promise<EngineUnderTest>): void {
  describe(`a server on ${name}`, () => {
    let engine: EngineUnderTest
    let ropeway: Ropeway
    let cacheDir: string
    before(async () => {
      engine = await startEngine()
      cacheDir = mkdtempSync(join(tmpdir(), 'rw-cache-'))
      await importPythonImage(engine.docker, IMAGE, {
        more: [
          { path: 'home/ma-user/kept', content: "the image's own" },
          {
            path: 'home/work/run_train.sh',
            content: '#!/bin/bash\necho "the script of the image"\nexit 99\n',
            mode: 0o755,
          },
        ],
        changes: [
          'ENTRYPOINT ["/no/such/entrypoint"]',
          'USER 4242',
          // One a line: Podman takes the rest of a line for the value.
          'ENV LD_LIBRARY_PATH=/opt/mine',
          'ENV LD_PRELOAD=/no/such.so',
          'ENV NODE_OPTIONS=--no-such-option',
          'ENV MINE=kept',
        ],
      })
      ropeway = await Ropeway.start({
        ...{ backend: 'docker', simulate: '2x4', env: { DOCKER_HOST: engine.host } },
        site: `allow: { root: true, host_network: true }\ncache_dir: ${cacheDir}\n`,
      })
      await ropeway.upload({
        'training-bucket/code/resnet50/train.py': TRAIN,
        'training-bucket/cifar-10/batch-1.bin': 'one',
        'training-bucket/cifar-10/batch-2.bin': 'two',
      })
    })
    after(async () => {
      await ropeway?.[Symbol.asyncDispose]()
      await engine?.[Symbol.asyncDispose]()
      rmSync(cacheDir, { recursive: true, force: true })
    })

    const whole = ({ job, events, logs }: Finished): string =>
      JSON.stringify([job.status, events, logs], null, 1)

    async function runDocument(name: string, nodes: number, devices: number, runUser?: string) {
      const finished = await ropeway.run(
        body(name, COMMAND, {
          nodes,
          flavor: `ropeway.ascend-910a.${devices}`,
          environments: { RANK_TABLE_FILE: '/user/config' },
          algorithm: {
            engine: { image_url: IMAGE, ...(runUser === undefined ? {} : { run_user: runUser }) },
          },
        }),
      )
      assert.equal(finished.job.status.phase, 'Completed', whole(finished))
      const ranks: Rank[] = []
      for (let rank = 0; rank < nodes * devices; rank++) {
        const { body: stream } = await ropeway.objects.getStream('training-bucket', `model/rank-${rank}.json`)
        const chunks: Buffer[] = []
        for await (const chunk of stream) chunks.push(Buffer.from(chunk))
        ranks.push(JSON.parse(Buffer.concat(chunks).toString('utf8')))
      }
      return { finished, ranks }
    }

    const run = (name: string, command: string, more: Parameters<typeof body>[2] = {}): Promise<Finished> =>
      ropeway.run(
        body(name, command, { ...more, algorithm: { engine: { image_url: IMAGE }, ...more.algorithm } }),
      )

    for (const [runUser, uid, gid, user] of [
      [undefined, 1101, 1101, 'work'],
      ['1000', 1000, 100, 'ma-user'],
      ['0', 0, 0, 'root'],
    ] as const)
      describe(`the document's command as uid ${uid}`, () => {
        let rank: Rank
        let finished: Finished
        before(async () => {
          const done = await runDocument(`doc-${uid}`, 1, 1, runUser)
          finished = done.finished
          rank = done.ranks[0]!
        })

        it('the boot file runs as that user with the arguments of the document', () => {
          assert.deepEqual([rank.uid, rank.gid, rank.user], [uid, gid, user])
          assert.deepEqual(rank.argv.slice(1), [
            '--data_url=obs://training-bucket/cifar-10/',
            '--train_url=obs://training-bucket/model/',
          ])
          assert.deepEqual(rank.data, ['batch-1.bin', 'batch-2.bin'])
        })

        it("the image's variables reach the program unchanged, and its files are still there", () => {
          const { LD_LIBRARY_PATH, NODE_OPTIONS, MINE } = rank.environment
          assert.deepEqual([LD_LIBRARY_PATH, NODE_OPTIONS, MINE], ['/opt/mine', '--no-such-option', 'kept'])
          assert.equal(rank.kept, "the image's own")
        })

        it('the log says what people grep for, and events say what became of ENTRYPOINT', () => {
          const log = finished.logs['worker-0'] ?? ''
          for (const sentence of [
            'Rank table file (V1) is generated',
            'rank 0 is done',
            'Training end with return code: 0',
          ])
            assert.ok(log.includes(sentence), `"${sentence}" is missing in ${log}`)
          assert.ok(
            finished.events.some((event) => /EntrypointReplaced.*\/no\/such\/entrypoint/.test(event)),
            whole(finished),
          )
        })

        it('the image that ran is on record', () => {
          assert.match(JSON.stringify(finished.job), /sha256:[0-9a-f]{64}/)
        })
      })

    describe('two tasks with four devices each', () => {
      let ranks: Rank[]
      before(async () => {
        ;({ ranks } = await runDocument('doc-two', 2, 4))
      })

      it("the table is completed from the containers' addresses, and the names of all tasks lead there", () => {
        const servers = ranks[0]!.v10.server_list.map(({ server_id }) => server_id)
        assert.equal(new Set(servers).size, 2)
        for (const server of servers) assert.match(server, /^10\.212\.\d+\.\d+$/)
        for (const { resolved } of ranks) assert.deepEqual(Object.values(resolved), servers)
        assert.deepEqual(
          ranks.map(({ own }) => own),
          [0, 0, 0, 0, 1, 1, 1, 1].map((server) => servers[server]),
        )
        assert.deepEqual(
          ranks.map(({ environment }) => environment['MA_CURRENT_IP']),
          [0, 0, 0, 0, 1, 1, 1, 1].map((server) => servers[server]),
        )
      })

      it('every rank reads the same table', () => {
        assert.equal(new Set(ranks.map(({ v10 }) => JSON.stringify(v10))).size, 1)
        assert.deepEqual(
          ranks.map(({ environment }) => environment['RANK_ID']),
          ['0', '1', '2', '3', '4', '5', '6', '7'],
        )
      })
    })

    it('tasks on one host share its address, and the network outlives the first of them', async () => {
      const command = `python3 -c "
import os, socket, time
index = int(os.environ['VC_TASK_INDEX'])
names = os.environ['VC_WORKER_HOSTS'].split(',')
print('addresses', [socket.gethostbyname(name) for name in names], flush=True)
if index == 1:
    time.sleep(1.5)
    s = socket.create_server((socket.gethostbyname(names[1]), 7001))
    socket.create_connection((socket.gethostbyname(names[0]), 7001), 5)
    print('reached', flush=True)
"`
      const finished = await run('same-host', command, { nodes: 4, flavor: 'ropeway.ascend-910a.2' })
      assert.equal(finished.job.status.phase, 'Completed', whole(finished))
      const lines = Object.values(finished.logs).map((log) => /addresses (.*)/.exec(log)?.[1])
      assert.equal(new Set(lines).size, 1, whole(finished))
      const addresses: string[] = JSON.parse((lines[0] ?? '').replaceAll("'", '"'))
      assert.equal(new Set(addresses).size, 2)
      assert.match(finished.logs['worker-1'] ?? '', /reached/)
    })

    it("in the host's network a task finds the other one by its name, and HCCL binds to its own address", async () => {
      const command = `python3 -c "
import os, socket, time
index = int(os.environ['VC_TASK_INDEX'])
own, other = [socket.gethostbyname(os.environ['VC_WORKER_HOSTS'].split(',')[at]) for at in (index, 1 - index)]
print('own', own, 'other', other, 'HCCL', os.environ['HCCL_IF_IP'], flush=True)
if index == 1:
    peer, where = socket.create_server((own, 7002)).accept()
    print('heard', peer.recv(100).decode(), flush=True)
else:
    deadline = time.time() + 30
    while True:
        try:
            peer = socket.create_connection((other, 7002), 5)
            break
        except OSError:
            if time.time() > deadline: raise
            time.sleep(0.1)
    peer.sendall(b'a word from worker-0')
"`
      const finished = await run('host-network', command, {
        nodes: 2,
        flavor: 'ropeway.ascend-910a.4',
        annotations: { 'ropeway/host-network': 'true' },
      })
      assert.equal(finished.job.status.phase, 'Completed', whole(finished))
      const said = ['worker-0', 'worker-1'].map((task) =>
        /own (\S+) other (\S+) HCCL (\S+)/.exec(finished.logs[task] ?? '')?.slice(1),
      )
      const [first, second] = [said[0]?.[0], said[1]?.[0]]
      assert.deepEqual(said, [
        [first, second, first],
        [second, first, second],
      ])
      assert.ok(first !== undefined && first !== second, whole(finished))
      // The addresses of the simulated hosts, and none of a network of the job's own.
      assert.match(first, /^127\./)
      assert.match(finished.logs['worker-1'] ?? '', /heard a word from worker-0/)
    })

    describe('ends told apart', () => {
      for (const [name, command, code, words] of [
        ['exit-7', "sh -c 'exit 7'", 7, /exit code 7/],
        ['not-found', '/no/such/program', 127, /not found/],
        ['segv', "sh -c 'kill -SEGV $$'", 139, /segmentation fault/],
      ] as const)
        it(`${name} is Failed with ${code} and says why`, async () => {
          const finished = await run(name, command)
          assert.equal(finished.job.status.phase, 'Failed', whole(finished))
          assert.equal(finished.job.status.exit_code, code, whole(finished))
          assert.match(finished.events.join('\n'), words)
        })

      it('an image that is not there is said, and the job is Abnormal', async () => {
        const finished = await run('no-image', 'true', {
          algorithm: { engine: { image_url: 'no-such-image:1' } },
        })
        assert.equal(finished.job.status.phase, 'Abnormal', whole(finished))
        assert.match(finished.events.join('\n'), /no-such-image:1/)
      })
    })

    it('nothing is left on the engine or on disk when jobs have ended', () =>
      nothingLeftOn(engine.docker, ropeway))
  })
}
