// A parameter as every answer shows it: its constraint whole (modelarts.md §1.4). Pure.
import type { TrainingJobRequest } from '../api/training-job.ts'
import { FREE } from '../job/constraints.ts'

type Parameter = NonNullable<NonNullable<TrainingJobRequest['algorithm']>['parameters']>[number]

export const parameterBody = (parameter: Parameter) => ({
  ...parameter,
  description: parameter.description ?? '',
  i18n_description: parameter.i18n_description ?? null,
  constraint: { ...FREE, ...parameter.constraint },
})
