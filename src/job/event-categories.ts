// What people can be told about a job (modelarts.md §1.6, #10; the enumeration of `spec.notification.events`). Nobody is told
// yet: there is no notification service.
import type { Language } from '../api/language.ts'

type Words = { readonly name: string; readonly description: string }

const CATEGORIES: Readonly<Record<string, Readonly<Record<Language, Words>>>> = {
  JobStarted: {
    'en-us': { name: 'Job started', description: 'All tasks of the job are running.' },
    'zh-cn': { name: '作业开始', description: '作业的所有任务已开始运行。' },
  },
  JobCompleted: {
    'en-us': { name: 'Job completed', description: 'The job ended with success.' },
    'zh-cn': { name: '作业完成', description: '作业已成功结束。' },
  },
  JobFailed: {
    'en-us': { name: 'Job failed', description: 'A task of the job failed.' },
    'zh-cn': { name: '作业失败', description: '作业的某个任务失败。' },
  },
  JobTerminated: {
    'en-us': { name: 'Job terminated', description: 'The job was stopped.' },
    'zh-cn': { name: '作业终止', description: '作业已被停止。' },
  },
  JobRestarted: {
    'en-us': { name: 'Job restarted', description: 'The job is tried again after a fault.' },
    'zh-cn': { name: '作业重启', description: '作业在故障后重新运行。' },
  },
  JobHanged: {
    'en-us': { name: 'Job suspended', description: 'The job seems to do nothing any more.' },
    'zh-cn': { name: '作业疑似卡死', description: '作业疑似已停止运行。' },
  },
  JobPreempted: {
    'en-us': { name: 'Job preempted', description: 'The job made room for a more important one.' },
    'zh-cn': { name: '作业抢占', description: '作业被更高优先级的作业抢占。' },
  },
}

export const eventCategoriesIn = (language: Language) =>
  Object.entries(CATEGORIES).map(([id, words]) => ({ id, ...words[language], notification: false }))
