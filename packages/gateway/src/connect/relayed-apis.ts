import {
  type ApiVersionsResponse,
  apiMessages,
  decodeApiVersionsResponse,
  ErrorCode,
  encodeApiVersionsResponse,
  encodeResponseFrame,
  hostPortFields,
  Reader,
} from '@headgate/wire'

/** Answers pass unread where they carry records: a version that puts addresses behind them is not offered. */
const NEVER_READ: ReadonlySet<number> = new Set([1, 78])

/** Hosts that are no broker's: those of clients, of ACLs, and what a Streams application tells of itself. */
const NO_BROKER = /(?:^|\.)(?:clientHost|acls\[\]\.host|matchingAcls\[\]\.host|userEndpoint\.(?:host|port))$/

/** Where an answer names brokers, by the members that a broker of it has beside `host` and `port`. */
const WITH_ID = /^(?:(brokers|coordinators|nodeEndpoints)\[\]\.)?(?:host|port)$/

const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const API_VERSIONS = 18
const ANSWER_BODY_OFFSET = 8

/** A broker in an answer: named by one of two members, `undefined` where the version has none of it. */
export interface NamedBroker {
  readonly nodeId?: number
  readonly brokerId?: number
  host: string
  port: number
}

interface Versions {
  readonly minVersion: number
  readonly maxVersion: number
}

const brokerFields = hostPortFields.filter(({ path }) => !NO_BROKER.test(path))

/** The first version whose answer names brokers in a place where they cannot be rewritten. */
function firstUnmendable(apiKey: number): number {
  const rows = brokerFields.filter((field) => field.apiKey === apiKey)
  const unmendable = rows.filter(({ path }) => NEVER_READ.has(apiKey) || !WITH_ID.test(path))
  return Math.min(Number.POSITIVE_INFINITY, ...unmendable.map(({ minVersion }) => minVersion))
}

/** Versions that the relay lets through; SASL is its own business, and a key that is not known may name brokers. */
const relayed: ReadonlyMap<number, Versions> = new Map(
  [...apiMessages.values()]
    .filter(({ apiKey }) => apiKey !== SASL_HANDSHAKE && apiKey !== SASL_AUTHENTICATE)
    .map(({ apiKey, maxVersion }) => [
      apiKey,
      { minVersion: 0, maxVersion: Math.min(maxVersion, firstUnmendable(apiKey) - 1) },
    ]),
)

/** Tells whether a request may go through: its answer holds no address that would stay. */
export function isRelayed(apiKey: number, apiVersion: number): boolean {
  // ApiVersions of any version: a gateway that does not know it answers in version 0.
  if (apiKey === API_VERSIONS) return true
  const versions = relayed.get(apiKey)
  return versions !== undefined && apiVersion >= versions.minVersion && apiVersion <= versions.maxVersion
}

/** Tells whether the answer names brokers, and so has to be read and rewritten. */
export function namesBrokers(apiKey: number, apiVersion: number): boolean {
  return brokerFields.some(
    (field) => field.apiKey === apiKey && apiVersion >= field.minVersion && apiVersion <= field.maxVersion,
  )
}

/** The brokers of a decoded answer, to be rewritten where they stand. */
export function brokersOf(apiKey: number, apiVersion: number, answer: object): NamedBroker[] {
  const rows = brokerFields.filter(
    (field) => field.apiKey === apiKey && apiVersion >= field.minVersion && apiVersion <= field.maxVersion,
  )
  const lists = new Set(rows.map(({ path }) => WITH_ID.exec(path)?.[1]))
  return [...lists].flatMap((list) => {
    const found: unknown = list === undefined ? [answer] : (answer as Record<string, unknown>)[list]
    return Array.isArray(found) ? (found as NamedBroker[]) : []
  })
}

/** Narrows an answer to ApiVersions, a whole frame with its length, to what the relay lets through. */
export function narrowApiVersions(frame: Buffer, apiVersion: number, correlationId: number): Buffer {
  // Whoever does not know the version that was asked for answers in version 0 (KIP-511).
  const isRefused = frame.readInt16BE(ANSWER_BODY_OFFSET) === ErrorCode.UNSUPPORTED_VERSION
  const version = isRefused ? 0 : apiVersion
  const answer = decodeApiVersionsResponse(new Reader(frame, ANSWER_BODY_OFFSET), version)
  const narrowed = { ...answer, apiKeys: answer.apiKeys.flatMap(narrow) }
  return encodeResponseFrame(API_VERSIONS, version, correlationId, (writer) =>
    encodeApiVersionsResponse(writer, narrowed, version),
  )
}

function narrow(entry: ApiVersionsResponse['apiKeys'][number]): ApiVersionsResponse['apiKeys'] {
  const versions = relayed.get(entry.apiKey)
  if (versions === undefined) return []
  const maxVersion = Math.min(entry.maxVersion, versions.maxVersion)
  return maxVersion < entry.minVersion ? [] : [{ ...entry, maxVersion }]
}
