// Ceph's radosgw with one monitor and one OSD in memory (Debian's packages), in a network of its own: an S3 store that
// checks signatures of both versions.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestStore } from './seaweed.ts'
import { untilStores } from './until-stores.ts'

const KEYS = { accessKey: 'AKTEST', secretKey: 'SKTEST' }

const config = (dir: string, port: number): string => `[global]
fsid = 7c1f0ee2-6a36-4c6b-9b0c-0f1d6f5a2c11
mon host = [v2:127.0.0.1:${port + 1},v1:127.0.0.1:${port + 2}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default pg autoscale mode = off
ms bind ipv6 = false
run dir = ${dir}
admin socket = ${dir}/$name.$pid.asok
log file = ${dir}/$name.log
pid file = ${dir}/$name.pid
keyring = ${dir}/keyring
[mon]
mon data = ${dir}/mon
mon data avail warn = 1
mon data avail crit = 1
[osd]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
`

/** The daemons stay in the foreground as children of one shell, so that ending it ends them. */
const script = (dir: string, port: number): string => `cd ${dir}
C="-c ${dir}/ceph.conf"
key() { ceph-authtool keyring --gen-key "$@" >/dev/null; }
ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null
key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' --cap mgr 'allow rw'
key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
monmaptool --create --fsid 7c1f0ee2-6a36-4c6b-9b0c-0f1d6f5a2c11 --addv a [v2:127.0.0.1:${port + 1},v1:127.0.0.1:${port + 2}] monmap --clobber >/dev/null
ceph-mon $C --mkfs -i a --monmap monmap --keyring keyring
ceph-mon $C -i a -f & 
until timeout 5 ceph $C -s >/dev/null 2>&1; do sleep 0.2; done
UUID=$(cat /proc/sys/kernel/random/uuid)
ID=$(ceph $C osd create $UUID)
ceph $C osd crush add osd.$ID 1.0 host=h0 root=default >/dev/null 2>&1
ceph-osd $C -i $ID --mkfs --osd-uuid $UUID
ceph-osd $C -i $ID -f &
until timeout 5 ceph $C osd stat 2>/dev/null | grep -q '1 up'; do sleep 0.2; done
radosgw $C -n client.rgw -f &
until curl -s -o /dev/null http://127.0.0.1:${port}/; do sleep 0.2; done
radosgw-admin $C user create --uid u1 --display-name u1 --access-key ${KEYS.accessKey} --secret-key ${KEYS.secretKey} >/dev/null 2>&1
wait
`

/** Starts it and waits until it stores. `port` and the two above it have to be free. */
export async function startCeph(port: number): Promise<TestStore> {
  const dir = mkdtempSync(join(tmpdir(), 'rw-ceph-'))
  for (const name of ['mon', 'osd']) mkdirSync(join(dir, name))
  writeFileSync(join(dir, 'ceph.conf'), config(dir, port))
  const shell: ChildProcess = spawn('bash', ['-euc', script(dir, port)], { stdio: 'ignore', detached: true })
  const target = { endpoint: `http://127.0.0.1:${port}`, ...KEYS }
  await untilStores('radosgw', target)
  return {
    target,
    async [Symbol.asyncDispose]() {
      const ended = once(shell, 'exit')
      // Its own group: the shell and the three daemons.
      process.kill(-(shell.pid ?? 0), 'SIGKILL')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
