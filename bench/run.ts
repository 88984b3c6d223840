// `make bench`: every figure the project claims, in one table; exits 1 when an aim is missed.
import process from 'node:process'
import { onDocker } from './docker.ts'
import { idleServer } from './idle-server.ts'
import { jobDeath } from './job-death.ts'
import { launcherPeer } from './launcher-peer.ts'
import { launcherStart } from './launcher-start.ts'
import { logPath } from './log-path.ts'
import { printTable } from './measure.ts'
import { moxing } from './moxing.ts'
import { submitToFirstLine } from './submit-to-first-line.ts'

const rows = [
  ...(await submitToFirstLine()),
  ...(await launcherStart()),
  ...(await launcherPeer()),
  ...(await jobDeath()),
  ...(await onDocker()),
  ...(await logPath()),
  ...(await moxing()),
  ...(await idleServer()),
]
printTable(rows)
process.exitCode = rows.every(({ met }) => met) ? 0 : 1
