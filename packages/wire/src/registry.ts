import { UnknownApiKeyError } from './errors.ts'
import { apiMessageRows } from './messages/specs.ts'
import type { Reader } from './primitives/reader.ts'
import type { Writer } from './primitives/writer.ts'

/** A row of the generated table. Both directions of an API have the same versions. */
export interface ApiMessageRow {
  readonly apiKey: number
  /** The request's name without `Request`, such as `Metadata`. */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** The first version in the flexible encoding; Infinity when there is none. */
  readonly flexibleFrom: number
  decodeRequest(reader: Reader, version: number): object
  encodeRequest(writer: Writer, message: object, version: number): void
  defaultRequest(): object
  decodeResponse(reader: Reader, version: number): object
  encodeResponse(writer: Writer, message: object, version: number): void
  defaultResponse(): object
}

/** What the registry knows of one API key. */
export interface ApiMessageSpec extends ApiMessageRow {
  /** The version of the header before a request: 1, or 2 with tagged fields. */
  requestHeaderVersion(version: number): 1 | 2
  /**
   * The version of the header before a response: 0, or 1 with tagged fields.
   *
   * ApiVersions has 0 in every version, since a client reads it before it knows what the broker speaks.
   */
  responseHeaderVersion(version: number): 0 | 1
}

/** Where a field stands: `brokers[].host` in the response of one API key, in a closed range of versions. */
export interface FieldLocation {
  readonly apiKey: number
  readonly direction: 'request' | 'response'
  /** Field names joined by dots; `[]` follows the name of an array. */
  readonly path: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** A field that names something a policy speaks of. */
export interface EntityField extends FieldLocation {
  readonly entity: 'topicName' | 'topicId' | 'groupId' | 'transactionalId'
}

const API_VERSIONS = 18

function createSpec(row: ApiMessageRow): ApiMessageSpec {
  const responseFlexibleFrom = row.apiKey === API_VERSIONS ? Number.POSITIVE_INFINITY : row.flexibleFrom
  return Object.freeze({
    ...row,
    requestHeaderVersion: (version: number) => (version >= row.flexibleFrom ? 2 : 1),
    responseHeaderVersion: (version: number) => (version >= responseFlexibleFrom ? 1 : 0),
  })
}

/** Every API that Kafka offers to clients, by its key. */
export const apiMessages: ReadonlyMap<number, ApiMessageSpec> = new Map(
  apiMessageRows.map((row) => [row.apiKey, createSpec(row)]),
)

/**
 * Gives what is known of an API key.
 *
 * @throws {UnknownApiKeyError} `ERR_WIRE_UNKNOWN_API_KEY` when the key is not in the registry.
 */
export function apiMessage(apiKey: number): ApiMessageSpec {
  const spec = apiMessages.get(apiKey)
  if (spec === undefined) throw new UnknownApiKeyError(apiKey)
  return spec
}
