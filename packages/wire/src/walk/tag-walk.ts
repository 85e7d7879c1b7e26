import { InvalidLengthError } from '../errors.ts'
import type { Reader } from '../primitives/reader.ts'
import type { StepResult } from './piecewise-body.ts'

const LEAST_TAG_BYTES = 2

/** Steps over the tagged fields at the end of a struct, one by one, so that no large one has to be put together. */
export class TagWalk {
  /** -1 while the number of fields has not been read. */
  #tagsLeft = -1
  #previousTag = -1
  #contentBytesLeft = 0
  #hasAny = false

  /** Whether any section since the reset held a field. */
  get hasAny(): boolean {
    return this.#hasAny
  }

  /** Begins a new message. */
  reset(): void {
    this.#hasAny = false
    this.#beginSection()
  }

  /**
   * Takes one step in a section; `done` at its end, after which the next section begins.
   *
   * `bytesLeft` is what the body still has from the reader's position on. `visit` hears of each field, before its content.
   *
   * @throws {InvalidTagError} `ERR_WIRE_INVALID_TAG` when the tags do not ascend.
   * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when a count or a size cannot fit into the body.
   */
  advance(reader: Reader, bytesLeft: number, visit?: (tag: number, sizeBytes: number) => void): StepResult {
    if (this.#contentBytesLeft > 0) return this.#skipContent(reader)
    if (this.#tagsLeft < 0) {
      const count = reader.uvarint('taggedFields')
      if (count * LEAST_TAG_BYTES > bytesLeft) this.#refuse('taggedFields', reader, count)
      this.#tagsLeft = count
      this.#hasAny ||= count > 0
    } else if (this.#tagsLeft > 0) {
      const tag = reader.tag(this.#previousTag)
      const sizeBytes = reader.uvarint('taggedFieldSize')
      if (sizeBytes > bytesLeft) this.#refuse('taggedFieldSize', reader, sizeBytes)
      this.#previousTag = tag
      this.#contentBytesLeft = sizeBytes
      this.#tagsLeft -= 1
      visit?.(tag, sizeBytes)
    }
    return this.#endOfSection()
  }

  #skipContent(reader: Reader): StepResult {
    const skipped = Math.min(this.#contentBytesLeft, reader.remaining)
    reader.skip(skipped)
    this.#contentBytesLeft -= skipped
    return this.#contentBytesLeft > 0 ? 'more' : this.#endOfSection()
  }

  #endOfSection(): StepResult {
    if (this.#tagsLeft > 0 || this.#contentBytesLeft > 0) return 'again'
    this.#beginSection()
    return 'done'
  }

  #beginSection(): void {
    this.#tagsLeft = -1
    this.#previousTag = -1
    this.#contentBytesLeft = 0
  }

  #refuse(field: string, { offset }: Reader, length: number): never {
    throw new InvalidLengthError({ field, offset }, length)
  }
}
