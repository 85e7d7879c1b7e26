import { ValueOutOfRangeError } from '../errors.ts'

/** The uuid of 16 zero bytes, which stands for "no id". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Reads 16 bytes as Kafka's own text form of a uuid: URL-safe base64 of 22 characters. */
export function uuidFromBytes(bytes: Buffer, offset: number): string {
  return bytes.toString('base64url', offset, offset + 16)
}

/**
 * Writes a uuid's text form as 16 bytes.
 *
 * @throws {ValueOutOfRangeError} `ERR_WIRE_VALUE_OUT_OF_RANGE` when the text is no uuid.
 */
export function uuidIntoBytes(text: string, bytes: Buffer, offset: number, field: string): void {
  if (text.length !== 22 || bytes.write(text, offset, 16, 'base64url') !== 16) {
    throw new ValueOutOfRangeError(field, 'uuid')
  }
}
