import { HeadgateError } from '@headgate/core'

/** More would come out of compressed bytes than is allowed. */
export class DecompressedTooLargeError extends HeadgateError<'ERR_COMPRESSION_TOO_LARGE'> {
  readonly code = 'ERR_COMPRESSION_TOO_LARGE'

  constructor(maxBytes: number) {
    super({ message: `decompressed records are larger than ${maxBytes} bytes`, details: { maxBytes } })
  }
}

/** Bytes are not of the codec that their batch names. */
export class InvalidCompressionError extends HeadgateError<'ERR_COMPRESSION_INVALID'> {
  readonly code = 'ERR_COMPRESSION_INVALID'

  constructor(codec: string, cause?: unknown) {
    super({ message: `records are no valid ${codec}`, details: { codec }, cause })
  }
}

/** A batch names a codec that Kafka does not know. */
export class UnsupportedCompressionError extends HeadgateError<'ERR_COMPRESSION_UNSUPPORTED'> {
  readonly code = 'ERR_COMPRESSION_UNSUPPORTED'

  constructor(codec: number) {
    super({ message: `compression codec ${codec} is not known`, details: { codec } })
  }
}
