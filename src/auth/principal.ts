// Who makes a request, in which project.

/** The caller of an authenticated request. */
export type Principal = { readonly projectId: string; readonly accessKey: string; readonly userName: string }
