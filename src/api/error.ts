// Errors as a closed table: our name, the code clients of ModelArts know, the HTTP status, the advice.
// Codes and statuses: spec/modelarts.md §1.10; rows whose code is 4-digit `9xxx` are ours alone.
import { z } from 'zod'

/** The body of every error answer (modelarts.md §1.10). */
export const errorBody = z.object({
  error_msg: z.string(),
  error_code: z.string(),
  error_solution: z.string(),
})
export type ErrorBody = z.infer<typeof errorBody>

type Row = {
  code: string
  status: 200 | 204 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429 | 500 | 503 | 507
  solution: string
}

export const ERRORS = {
  InvalidJsonBody: {
    code: 'ModelArts.2787',
    status: 400,
    solution: 'Send a JSON object with Content-Type application/json.',
  },
  InvalidParam: {
    code: 'ModelArts.2788',
    status: 400,
    solution: 'Correct the field named in the message and send the request again.',
  },
  ParamTypeError: { code: 'ModelArts.2825', status: 400, solution: 'Use the type named in the message.' },
  QueryParamsError: {
    code: 'ModelArts.2764',
    status: 400,
    solution: 'Correct the query parameter named in the message.',
  },
  BodyTooLarge: {
    code: 'ModelArts.9001',
    status: 413,
    solution: 'Keep request bodies under 12 MiB; put code and data into object storage.',
  },
  DuplicateJobName: {
    code: 'ModelArts.2751',
    status: 400,
    solution: 'Choose another name or delete the job that has it.',
  },
  JobNotFound: {
    code: 'ModelArts.2775',
    status: 400,
    solution: 'List the jobs of this project and use an id from that list.',
  },
  TaskNotFound: {
    code: 'ModelArts.9002',
    status: 404,
    solution: 'List the tasks of the job and use a name from that list.',
  },
  NotAllowedToTerminate: {
    code: 'ModelArts.2796',
    status: 409,
    solution: 'Only jobs that are Creating, Pending or Running can be terminated.',
  },
  UnsupportedAction: { code: 'ModelArts.2812', status: 400, solution: 'Use action_type "terminate".' },
  JobStatusChanged: {
    code: 'ModelArts.2878',
    status: 409,
    solution: 'Read the job again and repeat the request if it still applies.',
  },
  MustHaveCmdAndImage: {
    code: 'ModelArts.2806',
    status: 400,
    solution: 'Give both algorithm.engine.image_url and algorithm.command (or code_dir and boot_file).',
  },
  CodeDirError: {
    code: 'ModelArts.2757',
    status: 400,
    solution: 'Upload the code and name its folder, ending with "/".',
  },
  TooManyCodeFiles: {
    code: 'ModelArts.2759',
    status: 400,
    solution: 'Name a folder with code only, and bring data in as an input.',
  },
  CodeFolderTooDeep: {
    code: 'ModelArts.2760',
    status: 400,
    solution: 'Put the code into fewer folders inside one another.',
  },
  CodeTooLarge: {
    code: 'ModelArts.2761',
    status: 400,
    solution: 'Name a folder with code only, and bring data in as an input.',
  },
  BootFileError: {
    code: 'ModelArts.2758',
    status: 400,
    solution: 'Name a file that exists under the code folder.',
  },
  BootFileNotInCodeDir: {
    code: 'ModelArts.2792',
    status: 400,
    solution: 'Put the boot file under code_dir.',
  },
  OutputInUse: {
    code: 'ModelArts.9013',
    status: 409,
    solution: 'Choose a folder of its own for each job, or wait until the other job has ended.',
  },
  InvalidObsPath: {
    code: 'ModelArts.2791',
    status: 400,
    solution: 'Write obs://bucket/folder/ (folders end with "/").',
  },
  BucketNotFound: {
    code: 'ModelArts.9003',
    status: 400,
    solution: 'Create the bucket first: ropeway obs mb obs://BUCKET',
  },
  InvalidLocalCodeDir: {
    code: 'ModelArts.2857',
    status: 400,
    solution: 'Choose a folder under /home that the platform does not use itself.',
  },
  InvalidWorkingDir: {
    code: 'ModelArts.2859',
    status: 400,
    solution: 'Give an absolute path inside the container.',
  },
  FlavorNotFound: {
    code: 'ModelArts.2781',
    status: 400,
    solution: 'List what can be asked for: ropeway flavor list',
  },
  FlavorOutOfRange: {
    code: 'ModelArts.2793',
    status: 400,
    solution: 'Ask for at most as many nodes and devices as exist.',
  },
  PoolNotFound: {
    code: 'ModelArts.2890',
    status: 404,
    solution: 'Leave spec.resource.pool_id out: there is one pool, "default".',
  },
  ImageNotFound: {
    code: 'ModelArts.2810',
    status: 400,
    solution: 'Name an image that this backend can run; on the host backend that is "host".',
  },
  NotSupported: {
    code: 'ModelArts.2858',
    status: 400,
    solution: 'Leave the field out; docs/fields.md lists what is acted on.',
  },
  UnsupportedSortBy: {
    code: 'ModelArts.2790',
    status: 400,
    solution: 'Use one of the sort keys named in the message.',
  },
  ConditionKey: {
    code: 'ModelArts.2807',
    status: 400,
    solution: 'Use one of the filter keys named in the message.',
  },
  ConditionOperator: { code: 'ModelArts.2808', status: 400, solution: 'Use between, like, in or not.' },
  ConditionValue: {
    code: 'ModelArts.2809',
    status: 400,
    solution: 'Give the values in the form named in the message.',
  },
  LogNotReady: { code: 'ModelArts.2776', status: 204, solution: 'Ask again once the task has started.' },
  LogExpired: {
    code: 'ModelArts.2819',
    status: 400,
    solution: 'Give jobs a spec.log_export_path: what is brought there is kept until you delete it.',
  },
  MethodNotAllowed: { code: 'ModelArts.2803', status: 405, solution: 'Use a method that the path supports.' },
  PathNotFound: {
    code: 'ModelArts.2836',
    status: 404,
    solution: 'Check the path; docs/api-compatibility.md lists all of them.',
  },
  Unauthorized: {
    code: 'APIG.0301',
    status: 401,
    solution: 'Sign the request with a valid access key (SDK-HMAC-SHA256).',
  },
  Forbidden: {
    code: 'ModelArts.0108',
    status: 403,
    solution: 'Use an access key of the project in the path.',
  },
  DatabaseUnavailable: {
    code: 'ModelArts.9009',
    status: 503,
    solution: 'Repeat the request; running tasks go on. When it lasts, look after the database server.',
  },
  OnAnotherServer: {
    code: 'ModelArts.9010',
    status: 409,
    solution: 'Send the request to the server named in the message.',
  },
  RegistryNotFound: {
    code: 'ModelArts.9008',
    status: 404,
    solution: 'List the logins there are: ropeway registry list',
  },
  RegistryRefused: {
    code: 'ModelArts.9007',
    status: 403,
    solution: 'Give the registry a login that may read the image: ropeway registry add HOST --username NAME',
  },
  RegistryUnreachable: {
    code: 'ModelArts.9006',
    status: 503,
    solution: 'Check the registry: ropeway registry test HOST',
  },
  BackendUnavailable: {
    code: 'ModelArts.9004',
    status: 503,
    solution: 'Run "ropeway doctor" on the server machine.',
  },
  TooManySessions: {
    code: 'ModelArts.9012',
    status: 429,
    solution: 'End sessions that nobody needs any more and repeat the request.',
  },
  DiskFull: {
    code: 'ModelArts.9005',
    status: 507,
    solution: 'Free space in the data folder and repeat the request; nothing was stored.',
  },
  Internal: { code: 'ModelArts.0010', status: 500, solution: 'Look for the request id in the server log.' },
} as const satisfies Record<string, Row>

export type ErrorName = keyof typeof ERRORS

/** A failure with a row in the table. `message` names the field, what came and what would be valid. */
export class AppError extends Error {
  readonly code: ErrorName
  constructor(code: ErrorName, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
  }
}

/** The wire form of an error. */
export function toErrorBody(error: AppError): ErrorBody {
  const row = ERRORS[error.code]
  return { error_msg: error.message, error_code: row.code, error_solution: row.solution }
}
