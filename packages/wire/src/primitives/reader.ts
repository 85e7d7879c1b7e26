/**
 * Reads the primitive types of the Kafka protocol from a buffer.
 *
 * Longer than most files because every read shares the one bounds check.
 *
 * @module
 * @see https://kafka.apache.org/protocol#protocol_types
 */
import { isUtf8 } from 'node:buffer'
import {
  InvalidLengthError,
  InvalidStringError,
  InvalidTagError,
  InvalidVarintError,
  ShortReadError,
  TrailingBytesError,
  UnexpectedNullError,
  type WirePosition,
} from '../errors.ts'
import type { UnknownTag, UnknownTags } from './tags.ts'
import { uuidFromBytes } from './uuid.ts'

/** The longest string of the protocol, in UTF-8 bytes. */
export const MAX_STRING_BYTES = 0x7fff

/** Up to this many bytes a loop in JavaScript is faster than a call into V8's string decoder. */
const SHORT_STRING_BYTES = 12

/**
 * A cursor over a part of a buffer.
 *
 * Reads never pass `end`; lengths and counts are compared with the bytes that remain before anything is allocated.
 * `bytes` and `records` are views of the buffer, never copies.
 *
 * Every method takes the name of the field it reads, for the error's details.
 */
export class Reader {
  /** The buffer that is read. */
  readonly bytes: Buffer
  /** The position of the next read, from the start of the buffer. */
  offset: number
  /** The position after the last byte that may be read. */
  end: number
  /** Whether a tagged field was read that the message's version does not define. */
  hasUnknownTags = false
  /** How many elements of arrays, and unknown tags, may still be read: small ones take many times their bytes as objects. */
  elementsLeft: number = Number.POSITIVE_INFINITY

  /** @throws {ShortReadError} `ERR_WIRE_SHORT_READ` when `offset` or `end` is outside the buffer. */
  constructor(bytes: Buffer, offset = 0, end: number = bytes.length) {
    if (end > bytes.length || offset > end || offset < 0) {
      throw new ShortReadError({ field: 'buffer', offset }, end - offset, bytes.length - offset)
    }
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  /** The number of bytes between the position and the end. */
  get remaining(): number {
    return this.end - this.offset
  }

  /** Moves over `size` bytes and gives the position where they start. */
  skip(size: number, field = 'bytes'): number {
    const offset = this.offset
    if (size > this.end - offset) throw this.#short(size, field)
    this.offset = offset + size
    return offset
  }

  /** @throws {TrailingBytesError} `ERR_WIRE_TRAILING_BYTES` when bytes are left. */
  expectEnd(): void {
    if (this.offset !== this.end) throw new TrailingBytesError(this.offset, this.remaining)
  }

  bool(field: string): boolean {
    return this.bytes[this.skip(1, field)] !== 0
  }

  uint8(field: string): number {
    return this.bytes[this.skip(1, field)] as number
  }

  int8(field: string): number {
    return (this.uint8(field) << 24) >> 24
  }

  uint16(field: string): number {
    const offset = this.skip(2, field)
    return ((this.bytes[offset] as number) << 8) | (this.bytes[offset + 1] as number)
  }

  int16(field: string): number {
    return (this.uint16(field) << 16) >> 16
  }

  int32(field: string): number {
    const offset = this.skip(4, field)
    const bytes = this.bytes
    return (
      ((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)
    )
  }

  uint32(field: string): number {
    return this.int32(field) >>> 0
  }

  int64(field: string): bigint {
    return this.bytes.readBigInt64BE(this.skip(8, field))
  }

  float64(field: string): number {
    return this.bytes.readDoubleBE(this.skip(8, field))
  }

  /** Kafka's own text form: URL-safe base64 of 22 characters. */
  uuid(field: string): string {
    return uuidFromBytes(this.bytes, this.skip(16, field))
  }

  /** An unsigned integer of up to 32 bits, 7 bits a byte, lowest first. */
  uvarint(field: string): number {
    let byte = this.uint8(field)
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.uint8(field)
      if (byte < 0x80) return value | (byte << shift)
      value |= (byte & 0x7f) << shift
    }
    byte = this.uint8(field)
    if (byte > 0x0f) throw new InvalidVarintError(this.#at(field))
    return (value | (byte << 28)) >>> 0
  }

  /** A signed 32-bit integer in zigzag form. */
  varint(field: string): number {
    const value = this.uvarint(field)
    return (value >>> 1) ^ -(value & 1)
  }

  /** A signed 64-bit integer in zigzag form. */
  varlong(field: string): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8(field)
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 63n; shift += 7n) {
      const byte = this.uint8(field)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n)
    }
    const last = this.uint8(field)
    if (last > 1) throw new InvalidVarintError(this.#at(field))
    value |= BigInt(last) << 63n
    return (value >> 1n) ^ -(value & 1n)
  }

  string(flexible: boolean, field: string): string {
    const value = this.nullableString(flexible, field)
    if (value === null) throw new UnexpectedNullError(this.#at(field))
    return value
  }

  nullableString(flexible: boolean, field: string): string | null {
    const length = flexible ? this.uvarint(field) - 1 : this.int16(field)
    if (length < 0) return this.#null(length, field)
    if (length > MAX_STRING_BYTES) throw new InvalidLengthError(this.#at(field), length)
    return this.#text(this.skip(length, field), length, field)
  }

  byteString(flexible: boolean, field: string): Buffer {
    const value = this.nullableByteString(flexible, field)
    if (value === null) throw new UnexpectedNullError(this.#at(field))
    return value
  }

  nullableByteString(flexible: boolean, field: string): Buffer | null {
    const length = flexible ? this.uvarint(field) - 1 : this.int32(field)
    if (length < 0) return this.#null(length, field)
    const start = this.skip(length, field)
    return this.bytes.subarray(start, start + length)
  }

  /** The number of elements of an array of which each takes at least `minElementBytes`. */
  arrayLength(flexible: boolean, minElementBytes: number, field: string): number {
    const count = this.nullableArrayLength(flexible, minElementBytes, field)
    if (count < 0) throw new UnexpectedNullError(this.#at(field))
    return count
  }

  /** Like {@link Reader.arrayLength}, with -1 for null. */
  nullableArrayLength(flexible: boolean, minElementBytes: number, field: string): number {
    const count = flexible ? this.uvarint(field) - 1 : this.int32(field)
    if (count < -1) throw new InvalidLengthError(this.#at(field), count)
    if (count * minElementBytes > this.end - this.offset) throw this.#short(count * minElementBytes, field)
    this.#takeElements(count, field)
    return count
  }

  int32Array(flexible: boolean, field: string): number[] {
    const count = this.arrayLength(flexible, 4, field)
    const values: number[] = []
    for (let n = 0; n < count; n++) values.push(this.int32(field))
    return values
  }

  /** Tells whether a nullable struct follows (1) or null stands in its place (-1). */
  structPresent(field: string): boolean {
    return this.int8(field) >= 0
  }

  /** The number of tagged fields at the end of a struct. */
  tagCount(): number {
    const count = this.uvarint('taggedFields')
    if (count * 2 > this.end - this.offset) throw this.#short(count * 2, 'taggedFields')
    return count
  }

  /** The next tag, which must be greater than the one before it (-1 at the first). */
  tag(previousTag: number): number {
    const tag = this.uvarint('tag')
    if (tag <= previousTag) throw new InvalidTagError(tag, this.offset)
    return tag
  }

  /** Narrows the reader to the content of a tagged field; gives the end to hand back to {@link Reader.leaveTag}. */
  enterTag(): number {
    const size = this.uvarint('taggedFieldSize')
    const outerEnd = this.end
    this.end = this.skip(size, 'taggedField') + size
    this.offset = this.end - size
    return outerEnd
  }

  /** Widens the reader again; the content must have been read to its end. */
  leaveTag(tag: number, outerEnd: number): void {
    if (this.offset !== this.end) throw new InvalidTagError(tag, this.offset)
    this.end = outerEnd
  }

  /** The raw content of a tagged field that the version does not define. */
  unknownTag(tag: number): UnknownTag {
    this.hasUnknownTags = true
    const size = this.uvarint('taggedFieldSize')
    const start = this.skip(size, 'taggedField')
    return { tag, content: this.bytes.subarray(start, start + size) }
  }

  /** The tagged fields of a struct that defines none; `undefined` when there are none. */
  unknownTags(): UnknownTags | undefined {
    const count = this.tagCount()
    if (count === 0) return undefined
    this.#takeElements(count, 'taggedFields')
    const tags: UnknownTag[] = []
    for (let n = 0, tag = -1; n < count; n++) {
      tag = this.tag(tag)
      tags.push(this.unknownTag(tag))
    }
    return tags
  }

  #takeElements(count: number, field: string): void {
    if (count > this.elementsLeft) throw new InvalidLengthError(this.#at(field), count)
    this.elementsLeft -= Math.max(count, 0)
  }

  #text(start: number, length: number, field: string): string {
    const bytes = this.bytes
    if (length <= SHORT_STRING_BYTES) {
      let text = ''
      let offset = start
      for (; offset < start + length; offset++) {
        const byte = bytes[offset] as number
        if (byte > 0x7f) break
        text += String.fromCharCode(byte)
      }
      if (offset === start + length) return text
    }
    const text = bytes.toString('utf8', start, start + length)
    // INVARIANT: what is decoded can be written back as it was; a replacement character could hide other bytes.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, start + length))) {
      throw new InvalidStringError({ field, offset: start })
    }
    return text
  }

  #null(length: number, field: string): null {
    if (length !== -1) throw new InvalidLengthError(this.#at(field), length)
    return null
  }

  #at(field: string): WirePosition {
    return { field, offset: this.offset }
  }

  #short(needed: number, field: string): ShortReadError {
    return new ShortReadError(this.#at(field), needed, this.end - this.offset)
  }
}
