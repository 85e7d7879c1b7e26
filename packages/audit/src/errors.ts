import { HeadgateError } from '@headgate/core'

/** The trail cannot take events now: its disk is full or fails, or its buffer is full. Retryable. */
export class AuditUnavailableError extends HeadgateError<'ERR_AUDIT_UNAVAILABLE'> {
  readonly code = 'ERR_AUDIT_UNAVAILABLE'
}

/** Another process writes to the folder. */
export class AuditFolderInUseError extends HeadgateError<'ERR_AUDIT_FOLDER_IN_USE'> {
  readonly code = 'ERR_AUDIT_FOLDER_IN_USE'
}

/** The end of the trail in the folder cannot be read, so that it cannot be gone on with. */
export class AuditFolderDamagedError extends HeadgateError<'ERR_AUDIT_FOLDER_DAMAGED'> {
  readonly code = 'ERR_AUDIT_FOLDER_DAMAGED'
}

/** A text is no Ed25519 public key, in the form of a JWK, a JWK set or PEM. */
export class AuditKeyInvalidError extends HeadgateError<'ERR_AUDIT_KEY_INVALID'> {
  readonly code = 'ERR_AUDIT_KEY_INVALID'
}
