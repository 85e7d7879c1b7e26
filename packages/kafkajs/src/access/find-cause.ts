/** Finds an error among an error, what it was caused by, and what it gathers. */
export function findCause(error: unknown, isWanted: (error: Error) => boolean): Error | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isWanted(cause)) return cause
    for (const gathered of 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : []) {
      const found = findCause(gathered, isWanted)
      if (found !== undefined) return found
    }
  }
  return undefined
}
