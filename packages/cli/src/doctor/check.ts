/** How one thing was found. */
export interface Check {
  readonly area: 'code' | 'packages' | 'environment' | 'connection'
  /** `noted` is worth knowing, and nothing to mend. */
  readonly status: 'passed' | 'failed' | 'noted'
  /** What was looked at: a place, a package, a step. */
  readonly what: string
  /** What there is, or what is wrong and how to mend it. */
  readonly message: string
  readonly code?: string
  readonly facts?: Readonly<Record<string, unknown>>
}
