// From a parsed create body to a job, or to an AppError that names the field, what came and what would be valid.
// Nothing is stored here; the only I/O is looking things up through ports.
import type { Inventory } from '../accelerator/device.ts'
import { allHealthy } from '../accelerator/split.ts'
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'
import { newUuid } from '../lib/id.ts'
import { place } from './admission.ts'
import type { AlgorithmStore } from './algorithms.ts'
import { checkAnnotations } from './annotations.ts'
import { checkChannels } from './check-channels.ts'
import { checkCode } from './check-code.ts'
import { checkEnvironment } from './check-environment.ts'
import { checkFields } from './check-fields.ts'
import { checkLogExport } from './check-log-export.ts'
import { checkResource, chooseFlavor } from './check-resource.ts'
import { checkSize } from './check-size.ts'
import { generationOf, losesArguments } from './command.ts'
import { checkedParameters } from './constraints.ts'
import type { DiskGuard } from './disk-guard.ts'
import { EVENTS } from './events.ts'
import { checkExperimentName } from './experiments.ts'
import { checkRequirements, fromStored } from './from-stored.ts'
import { appendedArguments } from './instructions.ts'
import { type Job, type NewEvent, SECRET_MASK } from './job.ts'
import { taskNames } from './names.ts'
import { initialStatus } from './phase.ts'
import { planInputOf } from './plan-input.ts'
import type { Backend, ObjectCatalog } from './ports.ts'
import { checkTableForm } from './rank-table.ts'
import { resolveEngine } from './resolve-engine.ts'
import type { Site } from './site.ts'
import type { ClientToken, ExperimentReference, NewJob } from './store.ts'

export type CreateParts = {
  readonly inventory: Inventory
  readonly catalog: ObjectCatalog
  readonly backend: Backend
  readonly site: Site
  readonly disk: DiskGuard
  readonly algorithms: Pick<AlgorithmStore, 'find'>
}

export type CreateInput = {
  readonly id: string
  readonly projectId: string
  readonly userName: string
  readonly nowMs: number
  readonly body: TrainingJobRequest
  readonly clientToken?: ClientToken | null
}

/** Checks a body against this platform and fills defaults in. Returns the job to store and its first events. */
export async function createJob(
  input: CreateInput,
  parts: CreateParts,
): Promise<{ job: NewJob; events: NewEvent[] }> {
  const warnings = checkFields(input.body)
  const body = await resolve(input, parts)
  checkSize(body)
  checkWhatRuns(body)
  checkUser(body, parts.site)
  checkAnnotations(body.metadata.annotations ?? {})
  const flavorId = checkResource(body, parts.inventory)
  checkTableForm(body, parts.inventory, flavorId)
  const secretEnvironment = checkEnvironment(body)
  const generation = generationOf(body.algorithm?.command ?? '')
  warnings.push(
    ...(await checkCode(body, parts.catalog, parts.site.code)),
    ...(await checkChannels(body, parts.catalog)),
  )
  await checkLogExport(body, parts.site, parts.catalog)
  const request = withDefaults(body, flavorId, secretEnvironment)
  const job: NewJob = {
    id: input.id,
    projectId: input.projectId,
    userName: input.userName,
    generation,
    request,
    createTimeMs: input.nowMs,
    description: body.metadata.description ?? '',
    status: initialStatus(taskNames(request.spec?.resource?.node_count ?? 1)),
    secretEnvironment,
    clientToken: input.clientToken ?? null,
    experiment: experimentOf(body),
  }
  if (losesArguments(body.algorithm?.command ?? '') && appendedArguments(job).length > 0)
    warnings.push(EVENTS.argumentsLost())
  checkBackend(job, parts)
  // Last: who has to correct the body anyway is told that first.
  await parts.disk.check()
  return { job, events: [EVENTS.created(body.metadata.name), ...warnings] }
}

/** A stored algorithm and a preset engine as what they stand for. */
async function resolve(input: CreateInput, parts: CreateParts): Promise<TrainingJobRequest> {
  const { body, projectId } = input
  const id = body.algorithm?.id
  const stored = id ? await parts.algorithms.find(projectId, id) : null
  if (id && stored === null)
    throw new AppError(
      'AlgorithmNotFound',
      `algorithm.id: got ${JSON.stringify(id.slice(0, 80))}; valid: the id of an algorithm of this project`,
    )
  const whole = stored === null ? body : fromStored(body, stored)
  if (stored !== null)
    checkRequirements(stored, chooseFlavor(whole, parts.inventory), whole.spec?.resource?.node_count ?? 1)
  const { algorithm } = whole
  if (!algorithm) return whole
  const engine = resolveEngine(algorithm.engine, parts.site)
  return {
    ...whole,
    algorithm: { ...algorithm, engine, parameters: checkedParameters(algorithm.parameters) },
  }
}

/** An id joins an experiment, a name makes one. */
function experimentOf({ metadata }: TrainingJobRequest): ExperimentReference | null {
  const { id, name, description } = metadata.training_experiment_reference ?? {}
  if (id) return { id }
  if (!name) return null
  checkExperimentName(name, 'metadata.training_experiment_reference.name')
  return { newId: newUuid(), name, description: description ?? '' }
}

/** The four ways of modelarts.md §1.3.2; a stored algorithm and a preset engine are filled in already. */
function checkWhatRuns({ algorithm }: TrainingJobRequest): void {
  if (!algorithm) {
    throw new AppError(
      'MustHaveCmdAndImage',
      'algorithm: missing; valid: an object with engine.image_url and command, or code_dir and boot_file',
    )
  }
  const { command, boot_file: bootFile, engine } = algorithm
  if (!engine?.image_url) {
    const got = command ? 'a command without an image' : 'no image'
    throw new AppError(
      'MustHaveCmdAndImage',
      `algorithm.engine.image_url: missing (${got}); valid: an image, "host" on the host backend`,
    )
  }
  if (!command?.trim() && !bootFile) {
    throw new AppError(
      'MustHaveCmdAndImage',
      'algorithm.command: missing; valid: the command to run, or code_dir and boot_file',
    )
  }
  if (command && bootFile) {
    throw new AppError(
      'InvalidParam',
      'algorithm.boot_file: given together with command; valid: one of the two',
    )
  }
  if (bootFile && !algorithm.code_dir && !bootFile.startsWith('file://')) {
    throw new AppError(
      'CodeDirError',
      `algorithm.code_dir: missing beside boot_file ${JSON.stringify(bootFile.slice(0, 200))}; valid: the folder it is in, or a boot_file of the image as file:///path`,
    )
  }
  if (command?.includes('\0'))
    throw new AppError('InvalidParam', 'algorithm.command: contains NUL; valid: text without it')
  const workingDir = algorithm.working_dir
  if (workingDir && (!workingDir.startsWith('/') || workingDir.split('/').includes('..'))) {
    throw new AppError(
      'InvalidWorkingDir',
      `algorithm.working_dir: got ${JSON.stringify(workingDir)}; valid: an absolute path without ".."`,
    )
  }
}

/** Root only where the administrator allows it (decisions.md 1.6). */
function checkUser({ algorithm }: TrainingJobRequest, { allow }: Site): void {
  const user = algorithm?.engine?.run_user
  if (!user || /^[1-9]\d{0,8}$/.test(user) || (user === '0' && allow.root)) return
  const rule = allow.root
    ? 'a uid from 0 to 999999999'
    : 'a uid from 1 to 999999999 (root is not allowed here)'
  throw new AppError(
    'InvalidParam',
    `algorithm.engine.run_user: got ${JSON.stringify(user.slice(0, 40))}; valid: ${rule}`,
  )
}

/** What the backend itself refuses (image, user) is refused now and not after a wait in the queue. */
function checkBackend(job: NewJob, { backend, inventory, site }: CreateParts): void {
  const trial = trialJob(job)
  // A job that waits for an ill device to be well again is none that can never run.
  const placed = place(trial, allHealthy(inventory), [])
  if (!placed.ok) throw new AppError('FlavorOutOfRange', `spec.resource: ${placed.reason}`)
  backend.plan(planInputOf(trial, { attempt: 1, placements: placed.placements, inventory, site }))
}

/** A job as it would be stored, for questions that need one. */
export const trialJob = (job: NewJob): Job => ({
  ...job,
  seq: 0,
  stopRequestedAtMs: null,
  deleteRequestedAtMs: null,
  cleanedAtMs: null,
  version: 0,
})

function withDefaults(
  body: TrainingJobRequest,
  flavorId: string,
  secrets: Readonly<Record<string, string>>,
): TrainingJobRequest {
  const environments = Object.fromEntries(
    Object.entries(body.algorithm?.environments ?? {}).map(([name, value]) => [
      name,
      name in secrets ? SECRET_MASK : value,
    ]),
  )
  return {
    ...body,
    metadata: {
      ...body.metadata,
      workspace_id: body.metadata.workspace_id || '0',
      description: body.metadata.description ?? '',
    },
    algorithm: { ...body.algorithm, environments },
    spec: {
      ...body.spec,
      resource: {
        ...body.spec?.resource,
        flavor_id: flavorId,
        node_count: body.spec?.resource?.node_count ?? 1,
      },
    },
  }
}
