'use strict'
// Stands for kafkajs's src/protocol/requests/produce/v3/request.js: the same bytes. Each record batch is measured, then written once
// where it stands; kafkajs makes an encoder for each record and each header, and copies each batch six times.

const Long = require('kafkajs/src/utils/long')
const Encoder = require('kafkajs/src/protocol/encoder')
const { Produce: apiKey } = require('kafkajs/src/protocol/requests/apiKeys')
const { Types, lookupCodec, COMPRESSION_CODEC_MASK } = require('kafkajs/src/protocol/message/compression')
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C')

const MAGIC_BYTE = 2
const TRANSACTIONAL_MASK = 16
/** firstOffset, length, partitionLeaderEpoch, magic, crc, then what the checksum covers, up to the number of records. */
const ATTRIBUTES_AT = 8 + 4 + 4 + 1 + 4
const COUNT_AT = ATTRIBUTES_AT + 2 + 4 + 8 + 8 + 8 + 2 + 4
const HEAD_BYTES = COUNT_AT + 4
const LARGEST_SHORT_DELTA = 0x3fffffff

const sizeOfVarInt = (value) => {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let bytes = 1
  while (rest > 127) {
    bytes += 1
    rest >>>= 7
  }
  return bytes
}

const writeVarInt = (target, at, value) => {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 127) {
    target[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  target[at] = rest
  return at + 1
}

const isText = (value) => typeof value === 'string' || Buffer.isBuffer(value)
const isHeaderText = (value) => (Array.isArray(value) ? value.every(isText) : isText(value))
const lengthOf = (value) => (typeof value === 'string' ? Buffer.byteLength(value) : value.length)

const writeText = (target, at, value, length) => {
  if (typeof value === 'string') target.write(value, at, length)
  else value.copy(target, at)
  return at + length
}

const writeSized = (target, at, value, length) => {
  const next = writeVarInt(target, at, length)
  return length < 0 ? next : writeText(target, next, value, length)
}

/** What a record of texts and bytes takes, in numbers that its writing needs again. */
const measure = ({ key, value, headers = {} }, offsetDelta, timestampDelta, sizes) => {
  const keyBytes = key == null ? -1 : lengthOf(key)
  const valueBytes = value == null ? -1 : lengthOf(value)
  let headerCount = 0
  let headerBytes = 0
  const sizeOfHeader = (nameBytes, text) => {
    const textBytes = lengthOf(text)
    headerCount += 1
    headerBytes += sizeOfVarInt(nameBytes) + nameBytes + sizeOfVarInt(textBytes) + textBytes
  }
  for (const name of Object.keys(headers)) {
    const nameBytes = Buffer.byteLength(name)
    const given = headers[name]
    if (Array.isArray(given)) for (const text of given) sizeOfHeader(nameBytes, text)
    else sizeOfHeader(nameBytes, given)
  }
  const body =
    1 +
    sizeOfVarInt(timestampDelta) +
    sizeOfVarInt(offsetDelta) +
    sizeOfVarInt(keyBytes) +
    Math.max(keyBytes, 0) +
    sizeOfVarInt(valueBytes) +
    Math.max(valueBytes, 0) +
    sizeOfVarInt(headerCount) +
    headerBytes
  sizes.push(body, keyBytes, valueBytes, headerCount)
  return sizeOfVarInt(body) + body
}

const writeHeader = (target, at, name, text) => {
  const next = writeSized(target, at, name, Buffer.byteLength(name))
  return writeSized(target, next, text, lengthOf(text))
}

const writeRecord = (target, start, record, sizes, sizesAt) => {
  const { message, timestampDelta, offsetDelta } = record
  let at = writeVarInt(target, start, sizes[sizesAt])
  target[at++] = 0
  at = writeVarInt(target, at, timestampDelta)
  at = writeVarInt(target, at, offsetDelta)
  at = writeSized(target, at, message.key, sizes[sizesAt + 1])
  at = writeSized(target, at, message.value, sizes[sizesAt + 2])
  at = writeVarInt(target, at, sizes[sizesAt + 3])
  const { headers = {} } = message
  for (const name of Object.keys(headers)) {
    const given = headers[name]
    if (Array.isArray(given)) for (const text of given) at = writeHeader(target, at, name, text)
    else at = writeHeader(target, at, name, given)
  }
  return at
}

// What is neither a text nor bytes, and what needs 64 bits, is left to kafkajs, faults and errors included.
const isPlain = ({ message: { key, value, headers }, timestampDelta }) => {
  if (!Number.isInteger(timestampDelta) || Math.abs(timestampDelta) > LARGEST_SHORT_DELTA) return false
  if (!(key == null || isText(key)) || !(value == null || isText(value))) return false
  if (headers === undefined) return true
  for (const name of Object.keys(headers)) if (!isHeaderText(headers[name])) return false
  return true
}

/** Writes the records behind `headBytes` bytes that are left free. */
const encodeRecords = (records, headBytes) => {
  if (!records.every(isPlain)) {
    const encoded = records.map(({ message, ...deltas }) => Record({ ...message, ...deltas }).buffer)
    return Buffer.concat([Buffer.alloc(headBytes), ...encoded])
  }
  const sizes = []
  let bytes = headBytes
  for (const { message, offsetDelta, timestampDelta } of records)
    bytes += measure(message, offsetDelta, timestampDelta, sizes)
  const target = Buffer.allocUnsafe(bytes)
  let at = headBytes
  for (let index = 0; index < records.length; index += 1)
    at = writeRecord(target, at, records[index], sizes, 4 * index)
  return target
}

const writeHead = (batch, count, { attributes, firstTimestamp, maxTimestamp, producerId, producerEpoch, firstSequence }) => {
  batch.fill(0, 0, 8)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(0, 12)
  batch[16] = MAGIC_BYTE
  const covered = new Encoder(COUNT_AT - ATTRIBUTES_AT)
    .writeInt16(attributes)
    .writeInt32(count - 1)
    .writeInt64(firstTimestamp)
    .writeInt64(maxTimestamp)
    .writeInt64(producerId)
    .writeInt16(producerEpoch)
    .writeInt32(firstSequence)
  covered.buffer.copy(batch, ATTRIBUTES_AT)
  batch.writeInt32BE(count, COUNT_AT)
  batch.writeUInt32BE(crc32C(batch.subarray(ATTRIBUTES_AT)), 17)
}

const encodeBatch = async ({ messages, firstSequence = 0 }, { transactionalId, producerId, producerEpoch, compression }) => {
  const dateNow = Date.now()
  const given = messages
    .map((message) => message.timestamp)
    .filter((timestamp) => timestamp != null)
    .sort()
  const timestamps = given.length === 0 ? [dateNow] : given
  const firstTimestamp = timestamps[0]
  const records = messages.map((message, offsetDelta) => ({
    message,
    offsetDelta,
    timestampDelta: (message.timestamp || dateNow) - firstTimestamp,
  }))
  let batch
  if (compression === Types.None) batch = encodeRecords(records, HEAD_BYTES)
  else {
    const compressed = await lookupCodec(compression).compress({ buffer: encodeRecords(records, 0) })
    batch = Buffer.concat([Buffer.alloc(HEAD_BYTES), compressed])
  }
  writeHead(batch, records.length, {
    attributes: (compression & COMPRESSION_CODEC_MASK) | (transactionalId ? TRANSACTIONAL_MASK : 0),
    firstTimestamp,
    maxTimestamp: timestamps[timestamps.length - 1],
    producerId,
    producerEpoch,
    firstSequence,
  })
  return batch
}

module.exports = ({
  acks,
  timeout,
  transactionalId = null,
  producerId = Long.fromInt(-1),
  producerEpoch = 0,
  compression = Types.None,
  topicData,
}) => ({
  apiKey,
  apiVersion: 3,
  apiName: 'Produce',
  expectResponse: () => acks !== 0,
  encode: async () => {
    const topics = []
    let bytes = 64
    for (const { topic, partitions } of topicData) {
      const encoded = []
      bytes += 3 * topic.length + 8
      for (const data of partitions) {
        const batch = await encodeBatch(data, { transactionalId, producerId, producerEpoch, compression })
        encoded.push({ partition: data.partition, batch })
        bytes += batch.length + 8
      }
      topics.push({ topic, encoded })
    }
    const encoder = new Encoder(bytes)
      .writeString(transactionalId)
      .writeInt16(acks)
      .writeInt32(timeout)
      .writeInt32(topics.length)
    for (const { topic, encoded } of topics) {
      encoder.writeString(topic).writeInt32(encoded.length)
      for (const { partition, batch } of encoded)
        encoder.writeInt32(partition).writeInt32(batch.length).writeBuffer(batch)
    }
    return encoder
  },
})
