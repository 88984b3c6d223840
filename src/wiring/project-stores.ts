// The stores of what stands beside jobs in a project.
import { createAlgorithmStore } from '../db/algorithm-store.ts'
import { createExperimentStore } from '../db/experiment-store.ts'
import { createQuotaStore } from '../db/quota-store.ts'
import type { Rows } from '../db/tables.ts'
import { createTagStore } from '../db/tag-store.ts'

export const createProjectStores = (db: Rows) => ({
  algorithms: createAlgorithmStore(db),
  experiments: createExperimentStore(db),
  tags: createTagStore(db),
  quotas: createQuotaStore(db),
})
