// The closed table of errors: our name, the code that clients of ModelArts know, the HTTP status, the advice.
// Codes and statuses: spec/modelarts.md §1.10; codes `9xxx` are ours alone. The advice in Chinese: errors-zh.ts.

export type ErrorRow = {
  readonly code: string
  readonly status: 200 | 204 | 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 429 | 431 | 500 | 503 | 507
  readonly solution: string
}

const row = (code: string, status: ErrorRow['status'], solution: string): ErrorRow => ({
  code,
  status,
  solution,
})

export const ERRORS = {
  InvalidJsonBody: row('ModelArts.2787', 400, 'Send a JSON object with Content-Type application/json.'),
  InvalidParam: row(
    'ModelArts.2788',
    400,
    'Correct the field named in the message and send the request again.',
  ),
  ParamTypeError: row(
    'ModelArts.2825',
    400,
    'Give the field named in the message a value of the type named there.',
  ),
  ParamRangeError: row(
    'ModelArts.2816',
    400,
    'Give the field named in the message a value within the range named there.',
  ),
  QueryParamsError: row('ModelArts.2764', 400, 'Correct the query parameter named in the message.'),
  BodyTooLarge: row(
    'ModelArts.9001',
    413,
    'Send less than the message says; put code and data into object storage.',
  ),
  HeadersTooLarge: row('ModelArts.9027', 431, 'Send fewer or shorter headers.'),
  RequestTimeout: row('ModelArts.9028', 408, 'Send the request in one go.'),
  BadRequest: row('ModelArts.9029', 400, 'Send HTTP/1.1, over TLS where the server says https.'),
  MethodNotAllowed: row('ModelArts.2803', 405, 'Use a method that the path supports.'),
  PathNotFound: row('ModelArts.2836', 404, 'Check the path; docs/api-compatibility.md lists all of them.'),
  NotSupported: row(
    'ModelArts.2858',
    400,
    'Leave it out; docs/fields.md and docs/api-compatibility.md list what is acted on.',
  ),

  DuplicateJobName: row('ModelArts.2751', 400, 'Choose another name or delete the job that has it.'),
  JobNotFound: row('ModelArts.2775', 400, 'List the jobs of this project and use an id from that list.'),
  TaskNotFound: row('ModelArts.9002', 404, 'List the tasks of the job and use a name from that list.'),
  NotAllowedToTerminate: row(
    'ModelArts.2796',
    409,
    'Only jobs that are Creating, Pending or Running can be terminated.',
  ),
  QuotaExceeded: row(
    'ModelArts.2815',
    400,
    'Delete jobs that nobody needs any more, or ask an administrator for a higher quota.',
  ),
  DuplicateExperimentName: row('ModelArts.2841', 400, 'Choose another name for the experiment.'),
  ExperimentNotFound: row(
    'ModelArts.2842',
    400,
    'List the experiments of this project and use an id from that list.',
  ),
  UnsupportedAction: row('ModelArts.2812', 400, 'Use action_type "terminate".'),
  JobStatusChanged: row(
    'ModelArts.2878',
    409,
    'Read the job again and repeat the request if it still applies.',
  ),

  MustHaveCmdAndImage: row(
    'ModelArts.2806',
    400,
    'Give both algorithm.engine.image_url and algorithm.command (or code_dir and boot_file).',
  ),
  CodeDirError: row('ModelArts.2757', 400, 'Upload the code and name its folder, ending with "/".'),
  TooManyCodeFiles: row(
    'ModelArts.2759',
    400,
    'Name a folder with code only, and bring data in as an input.',
  ),
  CodeFolderTooDeep: row('ModelArts.2760', 400, 'Put the code into fewer folders inside one another.'),
  CodeTooLarge: row('ModelArts.2761', 400, 'Name a folder with code only, and bring data in as an input.'),
  OutputInUse: row(
    'ModelArts.9013',
    409,
    'Choose a folder of its own for each job, or wait until the other job has ended.',
  ),
  BootFileError: row('ModelArts.2758', 400, 'Name a file that exists under the code folder.'),
  BootFileNotInCodeDir: row('ModelArts.2792', 400, 'Put the boot file under code_dir.'),
  InvalidObsPath: row('ModelArts.2791', 400, 'Write obs://bucket/folder/ (folders end with "/").'),
  BucketNotFound: row('ModelArts.9003', 400, 'Create the bucket first: ropeway obs mb obs://BUCKET'),
  InvalidLocalCodeDir: row(
    'ModelArts.2857',
    400,
    'Choose a folder under /home that the platform does not use itself.',
  ),
  InvalidWorkingDir: row('ModelArts.2859', 400, 'Give an absolute path inside the container.'),
  AlgorithmNotFound: row(
    'ModelArts.2755',
    400,
    'List the algorithms of this project and use an id from that list.',
  ),
  DuplicateAlgorithmName: row('ModelArts.2821', 400, 'Choose another name for the algorithm.'),
  AlgorithmNotMatch: row(
    'ModelArts.2814',
    400,
    'Give the job what the stored algorithm defines, and nothing else.',
  ),
  InputsOutputsError: row('ModelArts.2753', 400, 'Give each input and output of the algorithm a place.'),
  UnsupportedRemoteType: row('ModelArts.2854', 400, 'Use object storage (remote.obs).'),
  StringParameterError: row('ModelArts.2765', 400, 'Use one of the values named in the message.'),
  DoNotHaveDefaultValue: row('ModelArts.2766', 400, 'Give the parameter a value.'),
  ParameterKeyRepeat: row('ModelArts.2767', 400, 'Give each parameter a name of its own.'),
  DefaultValueTypeError: row('ModelArts.2768', 400, 'Give the parameter a value of its type.'),
  DefaultValueIsNotInRange: row('ModelArts.2769', 400, 'Give the parameter a value within its range.'),
  RangeError: row('ModelArts.2770', 400, 'Correct the range of the parameter.'),
  ParseParameterError: row('ModelArts.2774', 400, 'Use one of the types named in the message.'),
  EngineNotFound: row('ModelArts.2780', 400, 'List the engines there are, or give engine.image_url.'),
  UnsupportedFlavor: row('ModelArts.2840', 400, 'Choose a flavor that the algorithm allows.'),
  ImageNotFound: row(
    'ModelArts.2810',
    400,
    'Name an image that this backend can run; on the host backend that is "host".',
  ),

  FlavorNotFound: row('ModelArts.2781', 400, 'List what can be asked for: ropeway flavor list'),
  FlavorOutOfRange: row('ModelArts.2793', 400, 'Ask for at most as many nodes and devices as exist.'),
  PoolNotFound: row('ModelArts.2890', 404, 'Leave spec.resource.pool_id out: there is one pool, "default".'),

  UnsupportedSortBy: row('ModelArts.2790', 400, 'Use one of the sort keys named in the message.'),
  ConditionKey: row('ModelArts.2807', 400, 'Use one of the filter keys named in the message.'),
  ConditionOperator: row('ModelArts.2808', 400, 'Use between, like, in or not.'),
  ConditionValue: row('ModelArts.2809', 400, 'Give the values in the form named in the message.'),

  LogNotReady: row('ModelArts.2776', 204, 'Ask again once the task has started.'),
  LogNotGenerated: row(
    'ModelArts.2818',
    400,
    'Look at the events of the job: they say why the task did not start.',
  ),
  MetricNotReady: row('ModelArts.2777', 204, 'Ask again once the task has started.'),
  LinkExpired: row('ModelArts.9030', 403, 'Ask for a new link.'),
  LogExpired: row(
    'ModelArts.2819',
    400,
    'Give jobs a spec.log_export_path: what is brought there is kept until you delete it.',
  ),

  Unauthorized: row(
    'APIG.0301',
    401,
    'Sign the request with a valid access key (SDK-HMAC-SHA256), or send a valid X-Auth-Token.',
  ),
  Forbidden: row(
    'ModelArts.0108',
    403,
    'Use an access key of the project in the path, with the role that is needed.',
  ),
  TokenProjectIdNotMatch: row('ModelArts.2786', 404, 'Get a token whose scope is the project in the path.'),
  LoginFailed: row(
    'ModelArts.9020',
    401,
    'Check name, password and project; an administrator can give a new password: ropeway admin user passwd NAME',
  ),
  TokenNotFound: row('ModelArts.9021', 404, 'Send a valid token in X-Subject-Token.'),
  UserNotFound: row('ModelArts.9022', 404, 'List the users there are: ropeway admin user list'),
  ProjectNotFound: row('ModelArts.9023', 404, 'List the projects there are: ropeway admin project list'),
  AccessKeyNotFound: row('ModelArts.9024', 404, 'List the access keys there are: ropeway admin key list'),
  NameTaken: row('ModelArts.9025', 409, 'Choose another name.'),
  IdentityInUse: row('ModelArts.9026', 409, 'Change what the message names first.'),
  TooManyRequests: row('ModelArts.2799', 429, 'Wait as long as Retry-After says, then repeat the request.'),
  TooManySessions: row(
    'ModelArts.9012',
    429,
    'End sessions that nobody needs any more and repeat the request.',
  ),
  OnAnotherServer: row('ModelArts.9010', 409, 'Send the request to the server named in the message.'),
  RegistryNotFound: row('ModelArts.9008', 404, 'List the logins there are: ropeway registry list'),
  RegistryRefused: row(
    'ModelArts.9007',
    403,
    'Give the registry a login that may read the image: ropeway registry add HOST --username NAME',
  ),
  RegistryUnreachable: row('ModelArts.9006', 503, 'Check the registry: ropeway registry test HOST'),

  StorageConnectionNotFound: row(
    'ModelArts.9011',
    404,
    'List the connections there are: ropeway storage list',
  ),
  StorageBucketTaken: row('ModelArts.9014', 409, 'Choose another bucket, or remove it where it is now.'),
  StorageUnavailable: row('ModelArts.9015', 503, 'Ask the store itself: ropeway storage test NAME'),

  DatabaseUnavailable: row(
    'ModelArts.9009',
    503,
    'Repeat the request; running tasks go on. When it lasts, look after the database server.',
  ),
  DatabaseBusy: row(
    'ModelArts.9031',
    503,
    'Ask for less (narrower filters, a smaller page), or repeat the request when the database has less to do.',
  ),
  BackendUnavailable: row('ModelArts.9004', 503, 'Run "ropeway doctor" on the server machine.'),
  DiskFull: row(
    'ModelArts.9005',
    507,
    'Free space in the data folder and repeat the request; nothing was stored.',
  ),
  Internal: row('ModelArts.0010', 500, 'Look for the request id in the server log.'),
} as const satisfies Record<string, ErrorRow>

export type ErrorName = keyof typeof ERRORS
