/**
 * The bytes that consumers exchange through JoinGroup and SyncGroup: a version (int16), then the message.
 *
 * @module
 * @see Kafka `ConsumerProtocolSubscription.json`, `ConsumerProtocolAssignment.json`
 */
import {
  type ConsumerProtocolAssignment,
  decodeConsumerProtocolAssignment,
  encodeConsumerProtocolAssignment,
} from './messages/consumer-protocol-assignment.ts'
import {
  type ConsumerProtocolSubscription,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolSubscription,
} from './messages/consumer-protocol-subscription.ts'
import { Reader } from './primitives/reader.ts'
import { Writer } from './primitives/writer.ts'

/** The newest version of both messages that this package writes. */
export const CONSUMER_PROTOCOL_VERSION = 3

/** A message with the version that was written before it. */
export interface Versioned<Message> {
  readonly version: number
  readonly message: Message
}

/**
 * Reads the metadata of a consumer's JoinGroup protocol.
 *
 * A newer version is read as the newest that is known: versions only add fields at the end, which stay unread.
 */
export function decodeSubscription(bytes: Buffer): Versioned<ConsumerProtocolSubscription> {
  return decodeVersioned(bytes, decodeConsumerProtocolSubscription)
}

/** Reads the assignment that a group's leader gives a member through SyncGroup; newer versions as above. */
export function decodeAssignment(bytes: Buffer): Versioned<ConsumerProtocolAssignment> {
  return decodeVersioned(bytes, decodeConsumerProtocolAssignment)
}

/** Writes the metadata of a consumer's JoinGroup protocol. */
export function encodeSubscription(message: ConsumerProtocolSubscription, version: number): Buffer {
  const writer = new Writer()
  writer.int16(version, 'version')
  encodeConsumerProtocolSubscription(writer, message, version)
  return writer.finish()
}

/** Writes the assignment of one member. */
export function encodeAssignment(message: ConsumerProtocolAssignment, version: number): Buffer {
  const writer = new Writer()
  writer.int16(version, 'version')
  encodeConsumerProtocolAssignment(writer, message, version)
  return writer.finish()
}

function decodeVersioned<Message>(
  bytes: Buffer,
  decode: (reader: Reader, version: number) => Message,
): Versioned<Message> {
  const reader = new Reader(bytes)
  const version = reader.int16('version')
  return { version, message: decode(reader, Math.min(version, CONSUMER_PROTOCOL_VERSION)) }
}
