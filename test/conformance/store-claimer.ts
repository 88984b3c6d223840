// A process that claims jobs one at a time when told to go, and prints the ids it got. Run: node store-claimer.ts DIR SERVE
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DATABASE_FILE, openDatabaseFile } from '../../src/db/database.ts'
import { createJobStore } from '../../src/db/job-store.ts'

const [, , dir = '', serveId = ''] = process.argv
await using database = openDatabaseFile(join(dir, DATABASE_FILE))
const store = createJobStore(database.db, { secretKey: Buffer.alloc(32, 7), serveId, ownership: 'shared' })
console.log('ready')
for await (const _line of createInterface({ input: process.stdin })) break
const ids: string[] = []
for (const id of await store.listUnfinished(serveId))
  if (await store.claimOne(id, serveId, 100, 60_000)) ids.push(id)
console.log(JSON.stringify(ids))
