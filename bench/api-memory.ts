// Does a server grow with the requests it has answered? Eight clients ask for jobs, pages, events and dry runs, again and again.
// Aim: at the end no more than a tenth above what it was after the first fifth.
import { body } from '../test/e2e/harness.ts'
import type { Row } from './measure.ts'
import { megabytes } from './process-usage.ts'
import type { SeededServer } from './seeded-server.ts'

const CLIENTS = 8
const STEPS = 10

/** Of every hundred requests: 60 of a job, 10 of a page, 20 of events, 10 dry runs. */
export async function apiMemory({ database, ropeway, jobAt }: SeededServer, requests: number): Promise<Row> {
  const { client, pid } = ropeway
  const ask = (n: number): Promise<unknown> => {
    const kind = n % 10
    if (kind < 6) return client.show(jobAt(n))
    if (kind < 8) return client.events(jobAt(n), { limit: 10 })
    return kind === 8
      ? client.search({ limit: 10, offset: n % 1000 })
      : client.dryRun(body(`dry-${n}`, 'true'))
  }
  const sizes: number[] = []
  const begun = performance.now()
  let n = 0
  for (let step = 1; step <= STEPS; step++) {
    const until = Math.floor((requests * step) / STEPS)
    const one = async () => {
      while (n < until) await ask(n++)
    }
    await Promise.all(Array.from({ length: CLIENTS }, one))
    sizes.push(megabytes(pid))
    console.log(`${database}: ${until.toLocaleString('en')} requests, ${sizes.at(-1)?.toFixed(0)} MB`)
  }
  const [early = 0, last = 0] = [sizes[1], sizes.at(-1)]
  const rate = (requests * 1000) / (performance.now() - begun)
  return {
    what: `${database}: server after ${requests.toLocaleString('en')} requests, ${rate.toFixed(0)}/s by ${CLIENTS} clients`,
    ours: `${last.toFixed(0)} MB, at most ${Math.max(...sizes).toFixed(0)} MB`,
    peer: `after the first fifth ${early.toFixed(0)} MB`,
    difference: `${last >= early ? '+' : ''}${(last - early).toFixed(0)} MB`,
    aim: '≤ × 1.1',
    met: last <= early * 1.1,
  }
}
