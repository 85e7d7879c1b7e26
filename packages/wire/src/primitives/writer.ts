/**
 * Writes the primitive types of the Kafka protocol into a buffer that grows.
 *
 * Longer than most files because every write shares the one growth check.
 *
 * @module
 * @see https://kafka.apache.org/protocol#protocol_types
 */
import { InvalidLengthError, InvalidTagError, UnexpectedNullError, ValueOutOfRangeError } from '../errors.ts'
import { MAX_STRING_BYTES } from './reader.ts'
import type { UnknownTags } from './tags.ts'
import { uuidIntoBytes } from './uuid.ts'

const INITIAL_BYTES = 256
const INT64_MIN = -0x8000000000000000n
const INT64_MAX = 0x7fffffffffffffffn
/** Up to this many characters a loop in JavaScript is faster than a call into V8's string encoder. */
const SHORT_STRING_CHARS = 24

/**
 * A growing buffer.
 *
 * Every method takes the name of the field it writes, for the error's details.
 */
export class Writer {
  #bytes: Buffer
  #offset = 0

  /** A size is a guess, and memory a beginning; another buffer of twice the size is taken where it does not suffice. */
  constructor(memory: number | Buffer = INITIAL_BYTES) {
    this.#bytes = typeof memory === 'number' ? Buffer.allocUnsafe(memory) : memory
  }

  /** The number of bytes written. */
  get length(): number {
    return this.#offset
  }

  /** Gives what was written as a view of the writer's buffer; the writer must not be used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#offset)
  }

  /** Overwrites four bytes that were written before, such as a length known only at the end. */
  patchInt32(offset: number, value: number): void {
    this.#bytes.writeInt32BE(value, offset)
  }

  bool(value: boolean): void {
    this.#byte(value ? 1 : 0)
  }

  int8(value: number, field: string): void {
    if ((value << 24) >> 24 !== value) throw new ValueOutOfRangeError(field, 'int8')
    this.#byte(value)
  }

  int16(value: number, field: string): void {
    if ((value << 16) >> 16 !== value) throw new ValueOutOfRangeError(field, 'int16')
    this.#two(value)
  }

  uint16(value: number, field: string): void {
    if ((value & 0xffff) !== value) throw new ValueOutOfRangeError(field, 'uint16')
    this.#two(value)
  }

  int32(value: number, field: string): void {
    if ((value | 0) !== value) throw new ValueOutOfRangeError(field, 'int32')
    this.#four(value)
  }

  uint32(value: number, field: string): void {
    if (value >>> 0 !== value) throw new ValueOutOfRangeError(field, 'uint32')
    this.#four(value)
  }

  int64(value: bigint, field: string): void {
    if (value < INT64_MIN || value > INT64_MAX) throw new ValueOutOfRangeError(field, 'int64')
    const offset = this.#reserve(8)
    this.#bytes.writeBigInt64BE(value, offset)
  }

  float64(value: number): void {
    const offset = this.#reserve(8)
    this.#bytes.writeDoubleBE(value, offset)
  }

  /** Takes Kafka's own text form: URL-safe base64 of 22 characters. */
  uuid(value: string, field: string): void {
    const offset = this.#reserve(16)
    uuidIntoBytes(value, this.#bytes, offset, field)
  }

  /** An unsigned integer of up to 32 bits, 7 bits a byte, lowest first. */
  uvarint(value: number): void {
    while (value > 0x7f) {
      this.#byte((value & 0x7f) | 0x80)
      value >>>= 7
    }
    this.#byte(value)
  }

  /** A signed 32-bit integer in zigzag form. */
  varint(value: number, field: string): void {
    if ((value | 0) !== value) throw new ValueOutOfRangeError(field, 'int32')
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** A signed 64-bit integer in zigzag form. */
  varlong(value: bigint, field: string): void {
    const small = Number(value)
    if ((small | 0) === small) this.varint(small, field)
    else this.#largeVarlong(value, field)
  }

  string(value: string | null, flexible: boolean, field: string): void {
    if (value === null) throw new UnexpectedNullError({ field, offset: this.#offset })
    const length = value.length
    if (length > SHORT_STRING_CHARS || !this.#ascii(value, flexible)) this.#utf8(value, flexible, field)
  }

  nullableString(value: string | null, flexible: boolean, field: string): void {
    if (value !== null) this.string(value, flexible, field)
    else if (flexible) this.#byte(0)
    else this.#two(-1)
  }

  byteString(value: Buffer | null, flexible: boolean, field: string): void {
    if (value === null) throw new UnexpectedNullError({ field, offset: this.#offset })
    if (flexible) this.uvarint(value.length + 1)
    else this.int32(value.length, field)
    this.raw(value)
  }

  nullableByteString(value: Buffer | null, flexible: boolean, field: string): void {
    if (value !== null) this.byteString(value, flexible, field)
    else if (flexible) this.#byte(0)
    else this.#four(-1)
  }

  /** Copies bytes as they are. */
  raw(bytes: Buffer): void {
    const offset = this.#reserve(bytes.length)
    this.#bytes.set(bytes, offset)
  }

  /** The number of elements that follow. */
  arrayLength(count: number, flexible: boolean): void {
    if (flexible) this.uvarint(count + 1)
    else this.#four(count)
  }

  /** Null in the place of an array. */
  nullArray(flexible: boolean): void {
    if (flexible) this.#byte(0)
    else this.#four(-1)
  }

  int32Array(values: readonly number[] | null, flexible: boolean, field: string): void {
    if (values === null) throw new UnexpectedNullError({ field, offset: this.#offset })
    this.arrayLength(values.length, flexible)
    for (const value of values) this.int32(value, field)
  }

  /** Says whether a nullable struct follows or null stands in its place. */
  structPresent(present: boolean): void {
    this.#byte(present ? 1 : -1)
  }

  /**
   * The tagged fields at the end of a struct.
   *
   * @throws {InvalidTagError} `ERR_WIRE_INVALID_TAG` when the tags do not ascend.
   */
  tags(tags: UnknownTags | undefined): void {
    this.uvarint(tags?.length ?? 0)
    let previous = -1
    for (const { tag, content } of tags ?? []) {
      if (tag <= previous) throw new InvalidTagError(tag, this.#offset)
      previous = tag
      this.uvarint(tag)
      this.uvarint(content.length)
      this.raw(content)
    }
  }

  #largeVarlong(value: bigint, field: string): void {
    if (value < INT64_MIN || value > INT64_MAX) throw new ValueOutOfRangeError(field, 'int64')
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest > 0x7fn) {
      this.#byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#byte(Number(rest))
  }

  #byte(value: number): void {
    const offset = this.#reserve(1)
    this.#bytes[offset] = value
  }

  #two(value: number): void {
    const offset = this.#reserve(2)
    this.#bytes[offset] = value >> 8
    this.#bytes[offset + 1] = value
  }

  #four(value: number): void {
    const offset = this.#reserve(4)
    const bytes = this.#bytes
    bytes[offset] = value >> 24
    bytes[offset + 1] = value >> 16
    bytes[offset + 2] = value >> 8
    bytes[offset + 3] = value
  }

  /** Writes a short string when it is ASCII; otherwise takes back what it wrote and gives `false`. */
  #ascii(value: string, flexible: boolean): boolean {
    const before = this.#offset
    const length = value.length
    if (flexible) this.#byte(length + 1)
    else this.#two(length)
    const start = this.#reserve(length)
    for (let n = 0; n < length; n++) {
      const char = value.charCodeAt(n)
      if (char > 0x7f) {
        this.#offset = before
        return false
      }
      this.#bytes[start + n] = char
    }
    return true
  }

  #utf8(value: string, flexible: boolean, field: string): void {
    const length = Buffer.byteLength(value)
    if (length > MAX_STRING_BYTES) throw new InvalidLengthError({ field, offset: this.#offset }, length)
    if (flexible) this.uvarint(length + 1)
    else this.#two(length)
    const offset = this.#reserve(length)
    this.#bytes.write(value, offset, length, 'utf8')
  }

  #reserve(size: number): number {
    const offset = this.#offset
    const end = offset + size
    if (end > this.#bytes.length) this.#grow(end)
    this.#offset = end
    return offset
  }

  #grow(leastBytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(leastBytes, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#offset)
    this.#bytes = larger
  }
}
