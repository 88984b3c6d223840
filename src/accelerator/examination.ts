// What was found on a machine, beside its devices.

/** `fix`: a person must do something before tasks can use all of it. */
export type DeviceFinding = { readonly severity: 'fix' | 'note'; readonly text: string }
