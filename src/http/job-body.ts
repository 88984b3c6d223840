// A job as ModelArts' clients expect to read it (modelarts.md §1.4, §1.5). Pure.
import type { Inventory } from '../accelerator/device.ts'
import { type Flavor, resolveFlavor } from '../accelerator/flavor.ts'
import type { TrainingJob, TrainingTask } from '../api/job-answer.ts'
import type { Admission } from '../job/admission.ts'
import { inputChannels, outputChannels } from '../job/channels.ts'
import type { Job } from '../job/job.ts'
import { isTerminal, shownPhase } from '../job/phase.ts'
import { hostAddressOf } from '../job/plan-input.ts'
import { flavorBody } from './flavor-body.ts'
import { parameterBody } from './parameter-body.ts'

/** `admission` is given for waiting jobs only: their position and reason stand in the status. */
export function jobBody(job: Job, inventory: Inventory, admission: Admission | null = null): TrainingJob {
  const { request } = job
  return {
    ...request,
    metadata: {
      ...request.metadata,
      id: job.id,
      name: request.metadata.name,
      description: job.description,
      workspace_id: request.metadata.workspace_id ?? '0',
      create_time: job.createTimeMs,
      user_name: job.userName,
      ai_project: 'default-ai-project',
      annotations: { job_template: 'Template DL', key_task: 'worker', ...request.metadata.annotations },
    },
    status: statusBody(job, admission),
    algorithm: algorithmBody(job),
    spec: specBody(job, inventory),
  }
}

function statusBody(job: Job, admission: Admission | null): TrainingJob['status'] {
  const { status } = job
  const { phase, secondaryPhase } = shownPhase(job)
  const seconds = (ms: number | null) => (ms === null ? 0 : Math.floor(ms / 1000))
  return {
    phase,
    secondary_phase: secondaryPhase,
    duration:
      status.startTimeMs === null ? 0 : Math.max(0, (status.endTimeMs ?? Date.now()) - status.startTimeMs),
    start_time: status.startTimeMs ?? 0,
    node_count_metrics:
      status.nodeCountMetrics.length === 0 ? null : status.nodeCountMetrics.map((pair) => [...pair]),
    tasks: status.tasks.map(({ task }) => task),
    task_statuses: status.tasks.map(({ task, exitCode, message }) => ({
      task,
      exit_code: exitCode,
      message,
    })),
    running_records: status.records.map((record) => ({
      start_at: seconds(record.startAtMs),
      end_at: seconds(record.endAtMs),
      xpu_start_at: seconds(record.runningAtMs),
      start_type: record.attempt === 1 ? 'init_or_rescheduled' : 'restarted',
      end_reason: record.endReason,
      ...(record.imageDigest ? { image_digest: record.imageDigest } : {}),
    })),
    message: status.message,
    exit_code: status.exitCode,
    waiting:
      admission && !admission.admitted && !isTerminal(phase)
        ? { position: admission.position, reason: admission.reason }
        : null,
  }
}

/** `local_dir`, `mode` and `period` are resolved; quirk 7 of §1.11 makes empty objects where nothing is set. */
function algorithmBody(job: Job): TrainingJob['algorithm'] {
  const algorithm = job.request.algorithm ?? {}
  const inputs = inputChannels(job)
  const outputs = outputChannels(job)
  return {
    ...algorithm,
    environments: algorithm.environments ?? {},
    parameters: (algorithm.parameters ?? []).map(parameterBody),
    policies: algorithm.policies ?? {},
    inputs: (algorithm.inputs ?? []).map((input, index) => ({
      ...input,
      local_dir: inputs[index]?.local_dir,
    })),
    outputs: (algorithm.outputs ?? []).map((output, index) => ({
      ...output,
      local_dir: outputs[index]?.local_dir,
      mode: 'upload_periodically',
      period: outputs[index]?.sync_s,
    })),
  }
}

function specBody(job: Job, inventory: Inventory): TrainingJob['spec'] {
  const spec = job.request.spec ?? {}
  const flavor = resolveFlavor(inventory, spec.resource?.flavor_id ?? '')
  return {
    ...spec,
    log_export_path: spec.log_export_path ?? {},
    is_hosted_log: true,
    resource: {
      ...spec.resource,
      policy: spec.resource?.policy || 'regular',
      ...(flavor ? flavorDetail(flavor) : {}),
    },
  }
}

function flavorDetail(flavor: Flavor): Record<string, unknown> {
  const { flavor_name, flavor_type, billing, flavor_info } = flavorBody(flavor)
  // Inside a job this number is a string (quirk 3 of §1.11).
  const disk = { ...flavor_info.disk, size: String(flavor_info.disk.size) }
  return {
    flavor_name,
    flavor_detail: { flavor_type, billing, flavor_info: { ...flavor_info, disk } },
    main_container_allocated_resources: {
      cpu_arch: flavor_info.cpu.arch,
      cpu_core_num: flavor.cpuCores,
      mem_size: flavor_info.memory.size,
      accelerator_num: flavor.devices,
      accelerator_type: flavor.chip ? `ascend-${flavor.chip}` : '',
    },
  }
}

/** `GET …/tasks`: one row per task of the present attempt, or of attempt `scheduleCount` when that is the present one. */
export function taskBodies(job: Job, inventory: Inventory): TrainingTask[] {
  return job.status.tasks.map(({ task, address }) => {
    const placement = job.status.placements.find((candidate) => candidate.task === task)
    const hostIp = placement ? hostAddressOf(inventory, placement.hostId) : ''
    return { task, ip: address ?? '', host_ip: hostIp, schedule_count: job.status.attempt }
  })
}
