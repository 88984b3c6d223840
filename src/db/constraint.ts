// What the databases call a row that breaks a rule.

/** SQLITE_CONSTRAINT_UNIQUE (sqlite.org/rescode.html) and PostgreSQL's unique_violation. */
export function isUniqueViolation(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string }
  return errcode === 2067 || code === '23505'
}
