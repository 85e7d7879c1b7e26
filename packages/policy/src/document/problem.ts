/** What can be wrong with a policy. The codes are stable; the texts are not. */
export type PolicyProblemCode =
  | 'ERR_POLICY_TOO_LARGE'
  | 'ERR_POLICY_CHARACTER'
  | 'ERR_POLICY_YAML_SYNTAX'
  | 'ERR_POLICY_YAML_ALIAS'
  | 'ERR_POLICY_YAML_TAG'
  | 'ERR_POLICY_YAML_KEY'
  | 'ERR_POLICY_DUPLICATE_KEY'
  | 'ERR_POLICY_UNKNOWN_KEY'
  | 'ERR_POLICY_UNSUPPORTED_KEY'
  | 'ERR_POLICY_MISSING_KEY'
  | 'ERR_POLICY_WRONG_TYPE'
  | 'ERR_POLICY_UNKNOWN_VALUE'
  | 'ERR_POLICY_EMPTY'
  | 'ERR_POLICY_NAME'
  | 'ERR_POLICY_PATTERN'
  | 'ERR_POLICY_INTERNAL_TOPIC'
  | 'ERR_POLICY_PARTITIONS'
  | 'ERR_POLICY_EFFECT'
  | 'ERR_POLICY_DUPLICATE_RULE'
  | 'ERR_POLICY_UNKNOWN_LABEL'
  | 'ERR_POLICY_PART'
  | 'ERR_POLICY_DUPLICATE_PROTECTION'
  | 'ERR_POLICY_MASK'
  | 'ERR_POLICY_SELECTOR'
  | 'ERR_POLICY_STRATEGY'
  | 'ERR_POLICY_APPROVAL'
  | 'ERR_POLICY_DURATION'
  | 'ERR_POLICY_UNMASK'
  | 'ERR_POLICY_ONLY'
  | 'ERR_POLICY_SCHEDULE'
  | 'ERR_POLICY_ISSUER'

/** One thing to mend in a source file. */
export interface SourceProblem {
  readonly path: string
  /** Counts from 1. */
  readonly line: number
  /** Counts from 1, in UTF-16 units. */
  readonly column: number
  /** Stable; for policies a {@link PolicyProblemCode}. */
  readonly code: string
  /** What is wrong: lower case, no full stop. */
  readonly message: string
  /** What to write instead. */
  readonly mend: string
}

/** What is wrong and how to mend it, before it has a place. */
export interface Fault {
  readonly code: PolicyProblemCode
  readonly message: string
  readonly mend: string
}

/** A fault inside a text that is a value. */
export interface InnerFault extends Fault {
  /** Where in the text it stands, in UTF-16 units. */
  readonly offset: number
}

/** One problem on one line: `path:line:column: message; mend (code)`. */
export function formatSourceProblem(problem: SourceProblem): string {
  return `${problem.path}:${problem.line}:${problem.column}: ${problem.message}; ${problem.mend} (${problem.code})`
}

/** Where something stands, for a problem of the same policy: in its own file the line is enough. */
export function placeBeside(problem: SourceProblem, { path, line }: SourceProblem): string {
  return path === problem.path ? `line ${line}` : `${path}:${line}`
}
