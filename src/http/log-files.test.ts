import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppError } from '../api/error.ts'
import type { Job } from '../job/job.ts'
import { logFileTaker } from './log-files.ts'

const who = { jobId: '11111111-2222-3333-4444-555555555555', attempt: 1, task: 'worker-0' }
const jobOf = (log_export_path: object) => ({ request: { spec: { log_export_path } } }) as unknown as Job

test('a task writes log files below its two folders of the log path and nowhere else', async () => {
  const written: string[] = []
  const take = logFileTaker(
    { writeLogFile: async (folder, name, offset) => void written.push(`${folder}/${name}@${offset}`) },
    who,
  )
  const job = jobOf({ host_path: '/mnt/logs/' })
  const own = `modelarts-job-${who.jobId}`
  const bytes = Buffer.from('x')
  await take(job, { name: `${own}/ascend/a.log`, offset: 0 }, bytes)
  await take(job, { name: `${own}-worker-0/ascend/log/a.log`, offset: 7 }, bytes)
  assert.deepEqual(written, [
    `/mnt/logs/${own}/ascend/a.log@0`,
    `/mnt/logs/${own}-worker-0/ascend/log/a.log@7`,
  ])
  for (const name of [
    `${own}.log`,
    `${own}/../x`,
    `${own}/a//b`,
    `${own}/./b`,
    `${own}/a\nb`,
    `${own}-worker-1/ascend/log/a.log`,
    `${own}-attempt-2/a`,
    `/${own}/a`,
    `${own}/`,
  ])
    await assert.rejects(take(job, { name, offset: 0 }, bytes), (error: AppError) => {
      assert.equal(error.code, 'QueryParamsError')
      return true
    })
  await assert.rejects(
    take(jobOf({ obs_url: 'obs://b/' }), { name: `${own}/a`, offset: 0 }, bytes),
    /no log_export_path\.host_path/,
  )
  assert.equal(written.length, 2)
})

test('a task that wants more of the folder than an honest launcher would is refused, and told why a disk refuses', async () => {
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  let refuse = false
  const take = logFileTaker({ writeLogFile: async () => void (refuse && (await Promise.reject(full))) }, who)
  const job = jobOf({ host_path: '/mnt/logs' })
  const name = (n: number) => `modelarts-job-${who.jobId}/${n}`
  const huge = 31 * 2 ** 30
  await take(job, { name: name(1), offset: huge }, Buffer.from('x'))
  await take(job, { name: name(1), offset: 0 }, Buffer.from('made anew: what it was before counts no more'))
  await take(job, { name: name(1), offset: huge }, Buffer.from('x'))
  await assert.rejects(take(job, { name: name(2), offset: 2 ** 30 }, Buffer.from('x')), /more than 32\.0 GiB/)
  refuse = true
  await assert.rejects(take(job, { name: name(2), offset: 0 }, Buffer.from('x')), (error: AppError) => {
    assert.equal(error.code, 'DiskFull')
    assert.match(error.message, /below \/mnt\/logs: no space left/)
    return true
  })
})
