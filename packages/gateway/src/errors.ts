import { HeadgateError } from '@headgate/core'
import type { SourceProblem } from '@headgate/policy'

/** A key file was to be created where a file is already. */
export class KeyFileExistsError extends HeadgateError<'ERR_GATEWAY_KEY_FILE_EXISTS'> {
  readonly code = 'ERR_GATEWAY_KEY_FILE_EXISTS'

  constructor(path: string, cause: unknown) {
    super({ message: `key file: \`${path}\` exists already`, details: { path }, cause })
  }
}

/** A key file cannot be created there. */
export class KeyFileUnwritableError extends HeadgateError<'ERR_GATEWAY_KEY_FILE_UNWRITABLE'> {
  readonly code = 'ERR_GATEWAY_KEY_FILE_UNWRITABLE'

  constructor(path: string, cause: NodeJS.ErrnoException) {
    const why = cause.code ?? 'unknown'
    super({ message: `key file: \`${path}\` cannot be created (${why})`, details: { path, why }, cause })
  }
}

/** The policy files hold problems; all of them are in `problems`. */
export class PolicyInvalidError extends HeadgateError<'ERR_GATEWAY_POLICY_INVALID'> {
  readonly code = 'ERR_GATEWAY_POLICY_INVALID'
  readonly problems: readonly SourceProblem[]

  constructor(path: string, problems: readonly SourceProblem[]) {
    super({ message: `policy: \`${path}\` has ${problems.length} problems`, details: { path, count: problems.length } })
    this.problems = problems
  }
}

/** The HTTP listener cannot be bound. */
export class HttpListenError extends HeadgateError<'ERR_GATEWAY_HTTP_LISTEN'> {
  readonly code = 'ERR_GATEWAY_HTTP_LISTEN'

  constructor(host: string, port: number, cause: unknown) {
    super({ message: `http: cannot listen on \`${host}:${port}\``, details: { host, port }, cause })
  }
}
