import { HeadgateError } from '@headgate/core'

/** Where in a buffer a wire error happened. */
export interface WirePosition {
  /** The field as the message definition names it, in camel case. */
  readonly field: string
  /** Bytes from the start of the buffer. */
  readonly offset: number
}

/** Fewer bytes remain than the field, or the number of elements that it announces, needs. */
export class ShortReadError extends HeadgateError<'ERR_WIRE_SHORT_READ'> {
  readonly code = 'ERR_WIRE_SHORT_READ'

  constructor(at: WirePosition, neededBytes: number, remainingBytes: number) {
    super({
      message: `${at.field} at ${at.offset}: ${neededBytes} bytes needed, ${remainingBytes} remain`,
      details: { ...at, neededBytes, remainingBytes },
    })
  }
}

/** A length or count is negative, or larger than the protocol allows for the field. */
export class InvalidLengthError extends HeadgateError<'ERR_WIRE_INVALID_LENGTH'> {
  readonly code = 'ERR_WIRE_INVALID_LENGTH'

  constructor(at: WirePosition, length: number) {
    super({ message: `${at.field} at ${at.offset}: invalid length ${length}`, details: { ...at, length } })
  }
}

/** A variable-length integer runs over its largest size (5 bytes for 32 bits, 10 for 64). */
export class InvalidVarintError extends HeadgateError<'ERR_WIRE_INVALID_VARINT'> {
  readonly code = 'ERR_WIRE_INVALID_VARINT'

  constructor(at: WirePosition) {
    super({ message: `${at.field} at ${at.offset}: varint is too long`, details: { ...at } })
  }
}

/** A string is not valid UTF-8, so that it could not be written back as it was. */
export class InvalidStringError extends HeadgateError<'ERR_WIRE_INVALID_STRING'> {
  readonly code = 'ERR_WIRE_INVALID_STRING'

  constructor(at: WirePosition) {
    super({ message: `${at.field} at ${at.offset}: string is not valid utf-8`, details: { ...at } })
  }
}

/** A tagged field is out of order, repeated, or of another size than announced. */
export class InvalidTagError extends HeadgateError<'ERR_WIRE_INVALID_TAG'> {
  readonly code = 'ERR_WIRE_INVALID_TAG'

  constructor(tag: number, offset: number) {
    super({ message: `tag ${tag} at ${offset}: out of order, repeated or of the wrong size`, details: { tag, offset } })
  }
}

/** A null stands where the version of the message allows none. */
export class UnexpectedNullError extends HeadgateError<'ERR_WIRE_UNEXPECTED_NULL'> {
  readonly code = 'ERR_WIRE_UNEXPECTED_NULL'

  constructor(at: WirePosition) {
    super({ message: `${at.field} at ${at.offset}: null is not allowed`, details: { ...at } })
  }
}

/** Bytes are left after the end of a message. */
export class TrailingBytesError extends HeadgateError<'ERR_WIRE_TRAILING_BYTES'> {
  readonly code = 'ERR_WIRE_TRAILING_BYTES'

  constructor(offset: number, trailingBytes: number) {
    super({
      message: `${trailingBytes} bytes left after the message, at ${offset}`,
      details: { offset, trailingBytes },
    })
  }
}

/** The version of the message is outside what the generated codec knows. */
export class UnsupportedVersionError extends HeadgateError<'ERR_WIRE_UNSUPPORTED_VERSION'> {
  readonly code = 'ERR_WIRE_UNSUPPORTED_VERSION'

  constructor(message: string, version: number) {
    super({ message: `${message}: version ${version} is not supported`, details: { message, version } })
  }
}

/** The API key is not in the registry. */
export class UnknownApiKeyError extends HeadgateError<'ERR_WIRE_UNKNOWN_API_KEY'> {
  readonly code = 'ERR_WIRE_UNKNOWN_API_KEY'

  constructor(apiKey: number) {
    super({ message: `api key ${apiKey} is unknown`, details: { apiKey } })
  }
}

/** A field that the version cannot carry, and that must not be dropped, has a value other than its default. */
export class UnsupportedFieldError extends HeadgateError<'ERR_WIRE_UNSUPPORTED_FIELD'> {
  readonly code = 'ERR_WIRE_UNSUPPORTED_FIELD'

  constructor(field: string, version: number) {
    super({ message: `${field}: version ${version} cannot carry its value`, details: { field, version } })
  }
}

/** A value to write does not fit the field's type. */
export class ValueOutOfRangeError extends HeadgateError<'ERR_WIRE_VALUE_OUT_OF_RANGE'> {
  readonly code = 'ERR_WIRE_VALUE_OUT_OF_RANGE'

  constructor(field: string, type: string) {
    super({ message: `${field}: value does not fit ${type}`, details: { field, type } })
  }
}

/** A frame announces more bytes than the limit that the reader was given. */
export class FrameTooLargeError extends HeadgateError<'ERR_WIRE_FRAME_TOO_LARGE'> {
  readonly code = 'ERR_WIRE_FRAME_TOO_LARGE'

  constructor(frameBytes: number, maxFrameBytes: number) {
    super({
      message: `frame of ${frameBytes} bytes is larger than ${maxFrameBytes}`,
      details: { frameBytes, maxFrameBytes },
    })
  }
}
