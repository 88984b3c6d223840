// How long one waits for a job, and for a page of jobs by every filter and order, from a server that has a million. Aim: 99 of
// 100 within 100 ms, each kind of search by itself. The floor is the same server's shortest answer.
import type { SearchResponse } from '../src/api/job-search.ts'
import { median, ms, type Row, times } from './measure.ts'
import { searchCases } from './search-cases.ts'
import type { SeededServer } from './seeded-server.ts'

const AIM_MS = 100
const CALLS = 100
const SHOWS = 2_000

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN

/** Prints what each search took, and answers the slowest of them. */
export async function apiSearch({ database, ropeway, jobs, jobAt }: SeededServer): Promise<Row[]> {
  const { client } = ropeway
  const newest = await client.search({ limit: 1 })
  const nowMs = newest.items[0]?.metadata.create_time ?? 0
  const floor = await times(SHOWS, () =>
    fetch(`${ropeway.credentials.endpoint}/healthz`).then((it) => it.text()),
  )
  const shows = await times(SHOWS, (n) => client.show(jobAt(n)))
  const searches: { what: string; taken: number[] }[] = []
  for (const { what, body } of searchCases(jobs, nowMs)) {
    let found: SearchResponse | undefined
    const taken = await times(CALLS, async () => {
      found = await client.search(body)
    })
    searches.push({ what, taken })
    const cells = [what, `median ${ms(median(taken))}`, `p99 ${ms(p99(taken))}`, `${found?.count} found`]
    console.log(`| ${database} | ${cells.join(' | ')} |`)
  }
  const slowest = searches.toSorted((a, b) => p99(b.taken) - p99(a.taken))
  const peer = `/healthz ${ms(median(floor))}, p99 ${ms(p99(floor))}`
  const row = (what: string, taken: readonly number[]): Row => ({
    what: `${database}, ${jobs.toLocaleString('en')} jobs: ${what}`,
    ours: `median ${ms(median(taken))}, p99 ${ms(p99(taken))}`,
    peer,
    difference: `+${ms(p99(taken) - p99(floor))} p99`,
    aim: `p99 < ${AIM_MS} ms`,
    met: p99(taken) < AIM_MS,
  })
  return [
    row(`a job by its id`, shows),
    ...slowest.slice(0, 3).map(({ what, taken }) => row(`a page, ${what}`, taken)),
    row(
      `a page, all ${searches.length} kinds`,
      searches.flatMap(({ taken }) => taken),
    ),
  ]
}
