import { HeadgateError } from '@headgate/core'

/** No gateway was named: neither `--gateway` nor `HEADGATE_GATEWAY`. */
export class GatewayMissingError extends HeadgateError<'ERR_CLI_GATEWAY_MISSING'> {
  readonly code = 'ERR_CLI_GATEWAY_MISSING'

  constructor() {
    super({ message: 'no gateway is named: give `--gateway https://…` or HEADGATE_GATEWAY' })
  }
}

/** No Kafka answers where the command line says that there is one. */
export class KafkaUnreachableError extends HeadgateError<'ERR_CLI_KAFKA_UNREACHABLE'> {
  readonly code = 'ERR_CLI_KAFKA_UNREACHABLE'

  constructor(address: string, cause: unknown) {
    const mend =
      'start it, or name it by `--kafka host:port`; its brokers must advertise addresses that can be reached from here'
    super({ message: `no Kafka answers at \`${address}\`: ${mend}`, details: { address }, cause, retryable: true })
  }
}

/** The gateway's address is no address that can be used. */
export class GatewayAddressError extends HeadgateError<'ERR_CLI_GATEWAY_ADDRESS'> {
  readonly code = 'ERR_CLI_GATEWAY_ADDRESS'

  constructor(mend: string) {
    super({ message: `the gateway's address cannot be used: ${mend}` })
  }
}

/** The gateway, or the identity provider, gave no answer. */
export class UnreachableError extends HeadgateError<'ERR_CLI_UNREACHABLE'> {
  readonly code = 'ERR_CLI_UNREACHABLE'

  constructor(host: string, reason: string) {
    const message = `\`${host}\` gave no answer (${reason}): check the address, and that it can be reached from here`
    super({ message, details: { host, reason }, retryable: true })
  }
}

/** The certificate of the gateway, or of the identity provider, is not trusted. */
export class UntrustedError extends HeadgateError<'ERR_CLI_UNTRUSTED'> {
  readonly code = 'ERR_CLI_UNTRUSTED'

  constructor(host: string, reason: string) {
    const mend = 'give its authority by `--ca` or HEADGATE_CA, and use a name that the certificate holds'
    super({ message: `the certificate of \`${host}\` is not trusted (${reason}): ${mend}`, details: { host, reason } })
  }
}

/** What answered is no Headgate gateway, or another one. */
export class GatewayAnswerError extends HeadgateError<'ERR_CLI_GATEWAY_ANSWER'> {
  readonly code = 'ERR_CLI_GATEWAY_ANSWER'

  constructor(host: string, what: string) {
    super({ message: `\`${host}\` does not answer as a Headgate gateway: ${what}`, details: { host } })
  }
}

/** `--listen` is no port of this machine's loopback. */
export class ListenAddressError extends HeadgateError<'ERR_CLI_LISTEN_ADDRESS'> {
  readonly code = 'ERR_CLI_LISTEN_ADDRESS'

  constructor(address: string) {
    super({ message: `\`${address}\` cannot be listened at: write \`127.0.0.1:<port>\`, nothing else is let in` })
  }
}

/** A file that was named cannot be read. */
export class FileUnreadableError extends HeadgateError<'ERR_CLI_FILE_UNREADABLE'> {
  readonly code = 'ERR_CLI_FILE_UNREADABLE'

  constructor(what: string, path: string, reason: string) {
    super({ message: `${what}: \`${path}\` cannot be used (${reason})`, details: { path, reason } })
  }
}

/** A report cannot be written to the file that was named. */
export class ReportUnwritableError extends HeadgateError<'ERR_CLI_REPORT_UNWRITABLE'> {
  readonly code = 'ERR_CLI_REPORT_UNWRITABLE'

  constructor(path: string, reason: string) {
    super({ message: `the report cannot be written to \`${path}\` (${reason})`, details: { path, reason } })
  }
}

/** Nobody is signed in at the gateway. */
export class NotSignedInError extends HeadgateError<'ERR_CLI_NOT_SIGNED_IN'> {
  readonly code = 'ERR_CLI_NOT_SIGNED_IN'

  constructor(gateway: string) {
    const message = `nobody is signed in at \`${gateway}\`: run \`headgate login --gateway ${gateway}\``
    super({ message, details: { gateway } })
  }
}

const GATEWAY_CODE = /^ERR_[A-Z]+_[A-Z0-9_]{1,80}$/

/** Values as they are were to go to a terminal. */
export class TerminalRefusedError extends HeadgateError<'ERR_CLI_TERMINAL_REFUSED'> {
  readonly code = 'ERR_CLI_TERMINAL_REFUSED'

  constructor() {
    super({ message: '`--raw` writes what somebody else wrote, as it is: send it to a file or a pipe' })
  }
}

/** A replay broke off in the middle; the details have the gateway's code, where it gave one. */
export class ReplayEndedError extends HeadgateError<'ERR_CLI_REPLAY_ENDED'> {
  readonly code = 'ERR_CLI_REPLAY_ENDED'

  constructor(reason: string | undefined) {
    const known = reason !== undefined && GATEWAY_CODE.test(reason) ? reason : 'no reason was given'
    super({ message: `the replay broke off: ${known}`, retryable: true, details: { reason: known } })
  }
}

/** What a refusal of the gateway is made of. */
export interface GatewayRefusal {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
}

/** The gateway refused; `code` is the one that the gateway gave, or `ERR_CLI_GATEWAY_REFUSED` when it gave none. */
export class GatewayRefusedError extends HeadgateError {
  readonly code: string

  constructor({ status, code, text }: GatewayRefusal) {
    super({
      message: `the gateway refused: ${text || `HTTP ${status}`}`,
      details: { status },
      retryable: status === 429 || status >= 500,
    })
    this.code = code !== undefined && GATEWAY_CODE.test(code) ? code : 'ERR_CLI_GATEWAY_REFUSED'
  }
}
