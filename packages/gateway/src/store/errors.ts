import { HeadgateError } from '@headgate/core'

/** The store cannot be opened: the file, its lock, or its schema is not as it must be. */
export class StoreOpenError extends HeadgateError<'ERR_GATEWAY_STORE_OPEN'> {
  readonly code = 'ERR_GATEWAY_STORE_OPEN'

  constructor(path: string, reason: string, cause?: unknown) {
    super({ message: `store: \`${path}\` cannot be opened: ${reason}`, details: { path, reason }, cause })
  }
}

/** The store did not carry out a statement; nothing of it took effect. */
export class StoreFailedError extends HeadgateError<'ERR_GATEWAY_STORE_FAILED'> {
  readonly code = 'ERR_GATEWAY_STORE_FAILED'

  constructor(reason: string, cause?: unknown) {
    super({ message: `store: a statement failed: ${reason}`, retryable: true, details: { reason }, cause })
  }
}
