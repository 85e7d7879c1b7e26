'use strict'
// Stands for kafkajs's src/protocol/recordBatch/record/v0/decoder.js: the same records, read where they stand in their batch, in
// numbers as long as these are exact. It begins with the length of the record, which kafkajs reads elsewhere.

const Long = require('kafkajs/src/utils/long')
const TimestampTypes = require('kafkajs/src/protocol/timestampTypes')

/** What is the same for all records of a batch, and the last timestamp: most records of a batch have that of their neighbour. */
const batch = { context: undefined, firstOffset: 0, firstTimestamp: 0, lastDelta: 0, lastTimestamp: '' }

const enter = (context) => {
  batch.context = context
  batch.firstOffset = Number(context.firstOffset)
  batch.firstTimestamp = Number(context.firstTimestamp)
  batch.lastDelta = 0
  batch.lastTimestamp = context.firstTimestamp
}

const sum = (text, number, delta) => {
  const exact = number + delta
  return Number.isSafeInteger(number) && Number.isSafeInteger(exact)
    ? `${exact}`
    : Long.fromValue(text).add(delta).toString()
}

const readTimestamp = (decoder, context) => {
  const { buffer, offset } = decoder
  const [first, second] = [buffer[offset], buffer[offset + 1]]
  let delta
  if (first < 128) {
    decoder.offset += 1
    delta = first
  } else if (second < 128) {
    decoder.offset += 2
    delta = (first & 127) | (second << 7)
  } else {
    return Long.fromValue(context.firstTimestamp).add(decoder.readVarLong()).toString()
  }
  delta = (delta >>> 1) ^ -(delta & 1)
  if (delta !== batch.lastDelta) {
    batch.lastDelta = delta
    batch.lastTimestamp = sum(context.firstTimestamp, batch.firstTimestamp, delta)
  }
  return batch.lastTimestamp
}

const readBytes = (decoder) => {
  const length = decoder.readVarInt()
  if (length === -1) return null
  const start = decoder.offset
  decoder.offset = start + length
  return decoder.buffer.subarray(start, start + length)
}

const readText = (decoder) => {
  const length = decoder.readVarInt()
  if (length === -1) return null
  const start = decoder.offset
  decoder.offset = start + length
  return decoder.buffer.toString('utf8', start, start + length)
}

const addHeader = (headers, name, value) => {
  if (!Object.hasOwn(headers, name)) {
    if (name !== '__proto__') headers[name] = value
    else Object.defineProperty(headers, name, { value, writable: true, enumerable: true, configurable: true })
    return
  }
  const before = headers[name]
  headers[name] = Array.isArray(before) ? before.concat([value]) : [before, value]
}

const readHeaders = (decoder) => {
  const headers = {}
  for (let left = decoder.readVarInt(); left > 0; left -= 1) {
    const name = readText(decoder)
    addHeader(headers, `${name}`, readBytes(decoder))
  }
  return headers
}

module.exports = (decoder, batchContext) => {
  if (batch.context !== batchContext) enter(batchContext)
  const { isControlBatch = false, timestampType, maxTimestamp, magicByte } = batchContext
  const length = decoder.readVarInt()
  const end = decoder.offset + length
  const attributes = decoder.readInt8()
  const created = readTimestamp(decoder, batchContext)
  const isAppended = timestampType === TimestampTypes.LOG_APPEND_TIME && maxTimestamp
  const offset = sum(batchContext.firstOffset, batch.firstOffset, decoder.readVarInt())
  const key = readBytes(decoder)
  const value = readBytes(decoder)
  const headers = readHeaders(decoder)
  decoder.offset = end
  return {
    magicByte,
    attributes,
    timestamp: isAppended ? maxTimestamp : created,
    offset,
    key,
    value,
    headers,
    isControlRecord: isControlBatch,
    batchContext,
  }
}
