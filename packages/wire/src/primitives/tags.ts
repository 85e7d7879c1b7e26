import { InvalidTagError } from '../errors.ts'
import { Writer } from './writer.ts'

/** A tagged field that the version of the message does not define, as it was on the wire. */
export interface UnknownTag {
  readonly tag: number
  /** The field's content without tag and size; a view of the message's bytes. */
  readonly content: Buffer
}

/** Tagged fields in ascending order of their tags. */
export type UnknownTags = readonly UnknownTag[]

/**
 * Adds a tagged field at its place.
 *
 * @throws {InvalidTagError} `ERR_WIRE_INVALID_TAG` when the tag is there already.
 */
export function withTag(tags: UnknownTags | undefined, tag: number, write: (writer: Writer) => void): UnknownTags {
  const writer = new Writer(64)
  write(writer)
  const added = { tag, content: writer.finish() }
  if (tags === undefined || tags.length === 0) return [added]
  if (tags.some((other) => other.tag === tag)) throw new InvalidTagError(tag, 0)
  return [...tags, added].sort((left, right) => left.tag - right.tag)
}
