// The SDK connected to a server on the fake backend.
import { openWorld, type World } from '../e2e/api/world.ts'
import { CASES } from './cases.ts'
import { PythonSdk, type SdkAnswer, type SdkDescription } from './python-sdk.ts'
import type { TrainingOperation } from './training-operations.ts'

export type Connected = AsyncDisposable & {
  readonly world: World
  readonly sdk: PythonSdk
  readonly description: SdkDescription
  /** Calls an operation's case, with a job, a task and whatever else its path names. */
  callCase(name: TrainingOperation): Promise<SdkAnswer>
}

export async function connectSdk(): Promise<Connected> {
  await using owned = new AsyncDisposableStack()
  const world = owned.use(await openWorld())
  const sdk = owned.use(new PythonSdk())
  const description = await sdk.describe()
  const { endpoint, access_key: ak, secret_key: sk, project_id: project } = world.ropeway.credentials
  await sdk.connect({ endpoint, ak, sk, project })
  const done = (await world.paramsFor('showTrainingJob'))['job'] ?? ''
  const disposables = owned.move()
  return {
    world,
    sdk,
    description,
    callCase: async (name) => {
      const { params = {}, body, changes } = CASES[name] ?? {}
      const known = description.operations[name]?.request ?? {}
      const job = changes ? ((await world.paramsFor('deleteTrainingJob'))['job'] ?? '') : done
      const made = async (kind: 'algorithm' | 'experiment') =>
        `${kind}_id` in known
          ? {
              [`${kind}_id`]: (
                await world.paramsFor(`show${kind === 'algorithm' ? 'Algorithm' : 'Experiment'}`)
              )[kind],
            }
          : {}
      const path = {
        ...(await made('algorithm')),
        ...(await made('experiment')),
        ...('training_job_id' in known ? { training_job_id: job } : {}),
        ...('task_id' in known ? { task_id: 'worker-0' } : {}),
      }
      return sdk.call(name, { ...path, ...params }, body)
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
