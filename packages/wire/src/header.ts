import { Reader } from './primitives/reader.ts'
import type { UnknownTags } from './primitives/tags.ts'
import type { Writer } from './primitives/writer.ts'
import { apiMessage } from './registry.ts'

/** What stands before the body of every request. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Tagged fields of header version 2; Kafka defines none. */
  readonly unknownTags?: UnknownTags | undefined
}

/** A request header that was read. */
export interface DecodedRequestHeader extends RequestHeader {
  /** Where the body starts, in bytes from the start of the buffer. */
  readonly bodyOffset: number
}

/** A response header that was read. */
export interface DecodedResponseHeader {
  readonly correlationId: number
  /** Where the body starts, in bytes from the start of the buffer. */
  readonly bodyOffset: number
}

const MAX_HEADER_TAGS = 100

/**
 * Reads the header of a request of any version, also of one that no codec knows.
 *
 * `offset` is that of the header's first byte: 4 in a frame that still has its length.
 *
 * ```
 * header v1: api_key int16, api_version int16, correlation_id int32, client_id nullable string (int16 length)
 * header v2: the same, tagged fields; client_id keeps its int16 length
 * ```
 *
 * @throws {UnknownApiKeyError} `ERR_WIRE_UNKNOWN_API_KEY`: how long the header is cannot be known.
 * @throws {ShortReadError} `ERR_WIRE_SHORT_READ`
 * @throws {InvalidLengthError} `ERR_WIRE_INVALID_LENGTH` when it has more than 100 tagged fields.
 */
export function decodeRequestHeader(frame: Buffer, offset = 0, end: number = frame.length): DecodedRequestHeader {
  const reader = new Reader(frame, offset, end)
  reader.elementsLeft = MAX_HEADER_TAGS
  const apiKey = reader.int16('apiKey')
  const apiVersion = reader.int16('apiVersion')
  const correlationId = reader.int32('correlationId')
  const headerVersion = apiMessage(apiKey).requestHeaderVersion(apiVersion)
  const clientId = reader.nullableString(false, 'clientId')
  const unknownTags = headerVersion === 2 ? reader.unknownTags() : undefined
  return { apiKey, apiVersion, correlationId, clientId, unknownTags, bodyOffset: reader.offset }
}

/** Writes the header of a request in the version that its API key and version ask for. */
export function encodeRequestHeader(writer: Writer, header: RequestHeader): void {
  writer.int16(header.apiKey, 'apiKey')
  writer.int16(header.apiVersion, 'apiVersion')
  writer.int32(header.correlationId, 'correlationId')
  writer.nullableString(header.clientId, false, 'clientId')
  if (apiMessage(header.apiKey).requestHeaderVersion(header.apiVersion) === 2) writer.tags(header.unknownTags)
}

/**
 * Reads the header of the response to a request of the given key and version.
 *
 * `offset` is that of the header's first byte: 4 in a frame that still has its length.
 *
 * @throws {ShortReadError} `ERR_WIRE_SHORT_READ`
 */
export function decodeResponseHeader(
  apiKey: number,
  apiVersion: number,
  frame: Buffer,
  offset = 0,
): DecodedResponseHeader {
  const reader = new Reader(frame, offset)
  const correlationId = reader.int32('correlationId')
  if (apiMessage(apiKey).responseHeaderVersion(apiVersion) === 1) reader.unknownTags()
  return { correlationId, bodyOffset: reader.offset }
}

/** Writes the header of the response to a request of the given key and version. */
export function encodeResponseHeader(writer: Writer, apiKey: number, apiVersion: number, correlationId: number): void {
  writer.int32(correlationId, 'correlationId')
  if (apiMessage(apiKey).responseHeaderVersion(apiVersion) === 1) writer.tags(undefined)
}
