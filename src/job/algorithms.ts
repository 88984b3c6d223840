// Stored algorithms as the domain knows them.
import type { AlgorithmRequest, JobConfig } from '../api/algorithm.ts'

export type Algorithm = {
  readonly id: string
  readonly projectId: string
  readonly workspaceId: string
  readonly userName: string
  readonly createTimeMs: number
  readonly updateTimeMs: number
  /** As asked, with the engine found and the constraints completed. */
  readonly request: AlgorithmRequest
  readonly codeTree: CodeTree | null
  readonly codeBytes: number
}

/** A folder or file of the code; files have no children. */
export type CodeTree = { readonly name: string; readonly children?: readonly CodeTree[] }

export type AlgorithmQuery = {
  readonly workspaceId: string
  readonly sortBy: 'create_time' | 'update_time' | 'name'
  readonly order: 'asc' | 'desc'
  readonly offset: number
  readonly limit: number
  /** Part of the name; empty: any. */
  readonly name: string
}

export interface AlgorithmStore {
  /** Throws AppError DuplicateAlgorithmName. */
  create(algorithm: Algorithm): Promise<void>
  find(projectId: string, id: string): Promise<Algorithm | null>
  /** `total` counts all of the workspace, `count` those that match. */
  list(
    projectId: string,
    query: AlgorithmQuery,
  ): Promise<{ total: number; count: number; items: Algorithm[] }>
  /** Replaces it. Throws AppError DuplicateAlgorithmName. */
  update(algorithm: Algorithm): Promise<void>
  remove(projectId: string, id: string): Promise<boolean>
}

/** What an algorithm runs. */
export const configOf = ({ request }: Pick<Algorithm, 'request'>): JobConfig => request.job_config ?? {}
