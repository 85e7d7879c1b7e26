const MAX_VARLONG_BYTES = 10
const MAX_VARINT_BYTES = 5

/**
 * Where the parts of a record stand in the bytes of its batch.
 *
 * One object serves all records of a walk, so that nothing is built for those that stay as they are. Lengths of -1 are
 * Kafka's null.
 *
 * ```
 * record = length varint, attributes int8, timestamp_delta varlong, offset_delta varint, key, value, count varint, [header]
 * key, value = length varint (-1 is null), bytes      header = length varint, name, length varint (-1), value
 * ```
 */
export class RecordLayout {
  /** The first byte behind the record's length. */
  bodyAt = 0
  /** The first byte behind the record. */
  end = 0
  offsetDelta = 0
  /** Where the key's length stands; the key itself is `keyLength` bytes before `valueAt`. */
  keyAt = 0
  keyLength = 0
  valueAt = 0
  valueLength = 0
  /** Where the count of headers stands. */
  headersAt = 0
  headerCount = 0
  /** The next byte that is read. */
  at = 0
  #isSound = true

  /** Reads the record at `start`; false where its parts do not fit into each other, or it does not end by `limit`. */
  read(bytes: Uint8Array, start: number, limit: number): boolean {
    this.#isSound = true
    this.at = start
    const length = this.varint(bytes)
    if (length < 0 || this.at + length > limit) return false
    this.bodyAt = this.at
    this.end = this.at + length
    this.at += 1
    this.#skipVarlong(bytes)
    this.offsetDelta = this.varint(bytes)
    this.keyAt = this.at
    this.keyLength = this.#part(bytes)
    this.valueAt = this.at
    this.valueLength = this.#part(bytes)
    this.headersAt = this.at
    this.headerCount = this.varint(bytes)
    // The smallest header takes two bytes: a count that lies is found out before anything is done for it.
    if (this.headerCount < 0 || this.headerCount * 2 > this.end - this.at) return false
    for (let header = 0; header < this.headerCount && this.#isSound; header += 1) {
      if (this.#part(bytes) < 0) return false
      this.#part(bytes)
    }
    return this.#isSound && this.at === this.end
  }

  /** Reads a zigzag varint at `at`, and moves behind it. */
  varint(bytes: Uint8Array): number {
    let byte = bytes[this.at++] as number
    let raw = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift >= MAX_VARINT_BYTES * 7) {
        this.#isSound = false
        return 0
      }
      byte = bytes[this.at++] as number
      raw |= (byte & 0x7f) << shift
    }
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** Reads a length, moves behind the bytes that it counts, and gives it. */
  #part(bytes: Uint8Array): number {
    const length = this.varint(bytes)
    if (length < -1 || this.at + length > this.end) this.#isSound = false
    else if (length > 0) this.at += length
    return length
  }

  #skipVarlong(bytes: Uint8Array): void {
    const most = this.at + MAX_VARLONG_BYTES
    while ((bytes[this.at++] as number) >= 0x80) {
      if (this.at >= most) {
        this.#isSound = false
        return
      }
    }
  }
}

/** The bytes that a zigzag varint takes. */
export function varintBytes(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0
  return raw < 0x80 ? 1 : raw < 0x4000 ? 2 : raw < 0x200000 ? 3 : raw < 0x10000000 ? 4 : 5
}

/** Writes a zigzag varint at `at`, and gives the index behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0
  while (raw > 0x7f) {
    bytes[at++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  bytes[at++] = raw
  return at
}
