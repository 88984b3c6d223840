// AlgorithmStore over SQL.
import type { Insertable, Selectable } from 'kysely'
import { AppError } from '../api/error.ts'
import type { Algorithm, AlgorithmQuery, AlgorithmStore } from '../job/algorithms.ts'
import { isUniqueViolation } from './constraint.ts'
import { contains } from './like.ts'
import type { DocumentsTable, Rows } from './tables.ts'

/** Owns nothing: close the database instead. */
export function createAlgorithmStore(db: Rows): AlgorithmStore {
  const writing = async (algorithm: Algorithm, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error) => {
      throw isUniqueViolation(error) ? duplicate(algorithm) : error
    })
  }
  return {
    create: (algorithm) =>
      writing(algorithm, () => db.insertInto('algorithms').values(toRow(algorithm)).execute()),
    find: async (projectId, id) => {
      const row = await db
        .selectFrom('algorithms')
        .selectAll()
        .where('project_id', '=', projectId)
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : toAlgorithm(row)
    },
    list: (projectId, query) => listAlgorithms(db, projectId, query),
    update: (algorithm) =>
      writing(algorithm, () =>
        db
          .updateTable('algorithms')
          .set(toRow(algorithm))
          .where('project_id', '=', algorithm.projectId)
          .where('id', '=', algorithm.id)
          .execute(),
      ),
    remove: async (projectId, id) => {
      const { numDeletedRows } = await db
        .deleteFrom('algorithms')
        .where('project_id', '=', projectId)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
  }
}

async function listAlgorithms(db: Rows, projectId: string, query: AlgorithmQuery) {
  const all = db
    .selectFrom('algorithms')
    .where('project_id', '=', projectId)
    .where('workspace_id', '=', query.workspaceId)
  const matching = query.name === '' ? all : all.where(({ ref }) => contains(ref('name'), query.name))
  const count = async (rows: typeof all): Promise<number> => {
    const { n } = await rows.select((row) => row.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
    return n
  }
  const rows = await matching
    .selectAll()
    .orderBy(query.sortBy, query.order)
    .orderBy('id', query.order)
    .limit(query.limit)
    .offset(query.offset)
    .execute()
  return { total: await count(all), count: await count(matching), items: rows.map(toAlgorithm) }
}

type Document = Pick<Algorithm, 'request' | 'codeTree' | 'codeBytes'>

const toRow = (algorithm: Algorithm): Insertable<DocumentsTable> => {
  const { request, codeTree, codeBytes } = algorithm
  return {
    id: algorithm.id,
    project_id: algorithm.projectId,
    workspace_id: algorithm.workspaceId,
    name: request.metadata.name,
    user_name: algorithm.userName,
    create_time: algorithm.createTimeMs,
    update_time: algorithm.updateTimeMs,
    document: JSON.stringify({ request, codeTree, codeBytes } satisfies Document),
  }
}

/** Documents were written by `toRow`, so they are not checked again. */
const toAlgorithm = (row: Selectable<DocumentsTable>): Algorithm => ({
  id: row.id,
  projectId: row.project_id,
  workspaceId: row.workspace_id,
  userName: row.user_name,
  createTimeMs: row.create_time,
  updateTimeMs: row.update_time,
  ...(JSON.parse(row.document) as Document),
})

const duplicate = ({ request, workspaceId }: Algorithm): AppError =>
  new AppError(
    'DuplicateAlgorithmName',
    `metadata.name: got ${JSON.stringify(request.metadata.name)}, which another algorithm of workspace ${JSON.stringify(workspaceId)} has; valid: a new one`,
  )
