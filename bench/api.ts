// The API of a server with the jobs of a year, beside its floors: node bench/api.ts [FINISHED] [REQUESTS]
// Default 1,000,000 finished jobs, and as many requests for the memory: about half an hour.
import process from 'node:process'
import { apiCreates } from './api-creates.ts'
import { apiMemory } from './api-memory.ts'
import { apiSearch } from './api-search.ts'
import { creates } from './creates.ts'
import { printTable, type Row } from './measure.ts'
import { onSeededServer } from './seeded-server.ts'

const [finished = 1_000_000, requests = 1_000_000] = process.argv.slice(2).map(Number)
const rows: Row[] = [...(await creates()), ...(await apiCreates())]
for (const database of ['SQLite', 'PostgreSQL'] as const)
  rows.push(
    ...(await onSeededServer(database, finished, async (server) => [
      ...(await apiSearch(server)),
      ...(database === 'SQLite' ? [await apiMemory(server, requests)] : []),
    ])),
  )
printTable(rows)
process.exitCode = rows.every(({ met }) => met) ? 0 : 1
