import { HeadgateError } from '@headgate/core'

/** Why a question about sessions is not answered. The text may be shown to whoever asked. */
export abstract class SessionError<Code extends string = string> extends HeadgateError<Code> {}

/** The index knows no session of this id. */
export class SessionUnknownError extends SessionError<'ERR_GATEWAY_SESSION_UNKNOWN'> {
  readonly code = 'ERR_GATEWAY_SESSION_UNKNOWN'

  constructor() {
    super({ message: 'there is no such session on record' })
  }
}

/** Whoever asks may not read the audit. */
export class SessionRefusedError extends SessionError<'ERR_GATEWAY_SESSION_REFUSED'> {
  readonly code = 'ERR_GATEWAY_SESSION_REFUSED'

  constructor() {
    super({ message: 'no rule lets you read the audit: it takes `may: { cluster: [read-audit] }`' })
  }
}

/** The gateway keeps no trail, so that there is nothing to tell of sessions. */
export class SessionsOffError extends SessionError<'ERR_GATEWAY_SESSIONS_OFF'> {
  readonly code = 'ERR_GATEWAY_SESSIONS_OFF'

  constructor() {
    super({ message: 'this gateway keeps no record of sessions: its config has no `audit`' })
  }
}

/** A query is not one that the endpoint takes. */
export class SessionQueryError extends SessionError<'ERR_GATEWAY_SESSION_QUERY'> {
  readonly code = 'ERR_GATEWAY_SESSION_QUERY'

  constructor(what: string) {
    super({ message: `the request cannot be used: ${what}` })
  }
}

/** As many replays run as may at once. */
export class ReplayBusyError extends SessionError<'ERR_GATEWAY_REPLAY_BUSY'> {
  readonly code = 'ERR_GATEWAY_REPLAY_BUSY'

  constructor() {
    super({ message: 'other replays are running: try again', retryable: true })
  }
}
