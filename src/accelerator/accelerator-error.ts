// The one error this folder throws for values it was given. Callers turn it into their own table's code.

/** A value that cannot be used: `field` names it, `got` is what came, `valid` says what would do. */
export class AcceleratorError extends Error {
  readonly field: string
  readonly got: string
  readonly valid: string

  constructor(field: string, got: string, valid: string) {
    super(`${field}: got ${got}; valid: ${valid}`)
    this.name = 'AcceleratorError'
    this.field = field
    this.got = got
    this.valid = valid
  }
}
