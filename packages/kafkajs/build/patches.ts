import type { Patch } from './mends.ts'

const TIMER = 'https://github.com/tulios/kafkajs/issues/1751'
const GROUPING = 'https://github.com/tulios/kafkajs/pull/1576'
const STACK = 'https://github.com/tulios/kafkajs/pull/1723'
const ENCODING = 'https://github.com/tulios/kafkajs/pull/475'
const SPEED = 'https://github.com/tulios/kafkajs/issues/398'

const network: readonly Patch[] = [
  {
    file: 'network/requestQueue/index.js',
    fault: `an idle connection runs a timer every millisecond, with a negative delay that newer Node versions warn about: ${TIMER}`,
    from: 'let scheduleAt = this.throttledUntil - Date.now()\n',
    to: 'let scheduleAt = this.throttledUntil - Date.now()\n    if (this.pending.length === 0) return\n',
  },
]

const encoding: readonly Patch[] = [
  {
    file: 'producer/groupMessagesPerPartition.js',
    fault: `for each message the list of its partition is copied: ${GROUPING}`,
    from: `    const current = result[partition] || []
    return Object.assign(result, { [partition]: [...current, message] })
`,
    to: `    const current = result[partition]
    if (current) current.push(message)
    else result[partition] = [message]
    return result
`,
  },
  {
    file: 'producer/partitioners/legacy/partitioner.js',
    fault: `for each message with a key or a partition the list of partitions is filtered in vain: ${GROUPING} is about the same loop`,
    from: `    const availablePartitions = partitionMetadata.filter(p => p.leader >= 0)
    const numAvailablePartitions = availablePartitions.length

    if (message.partition !== null && message.partition !== undefined) {
      return message.partition
    }

    if (message.key !== null && message.key !== undefined) {
      return toPositive(murmur2(message.key)) % numPartitions
    }
`,
    to: `
    if (message.partition !== null && message.partition !== undefined) {
      return message.partition
    }

    if (message.key !== null && message.key !== undefined) {
      return toPositive(murmur2(message.key)) % numPartitions
    }

    const availablePartitions = partitionMetadata.filter(p => p.leader >= 0)
    const numAvailablePartitions = availablePartitions.length
`,
  },
  {
    file: 'protocol/encoder.js',
    fault: `an encoder is filled with zeros that it overwrites; only what was written is sent: ${ENCODING}`,
    from: 'this.buf = Buffer.alloc(Encoder.nextPowerOfTwo(initialSize))',
    to: 'this.buf = Buffer.allocUnsafe(Encoder.nextPowerOfTwo(initialSize))',
  },
  {
    file: 'protocol/encoder.js',
    fault: `an encoder that grows is filled with zeros that it overwrites: ${ENCODING}`,
    from: 'const newBuffer = Buffer.alloc(newLength)',
    to: 'const newBuffer = Buffer.allocUnsafe(newLength)',
  },
  {
    file: 'protocol/request.js',
    fault: `a request is copied twice to put its head before it: ${ENCODING}`,
    from: `    .writeString(clientId)
    .writeEncoder(payload)

  return new Encoder().writeInt32(requestPayload.size()).writeEncoder(requestPayload)
`,
    to: `    .writeString(clientId)

  const size = requestPayload.size() + payload.size()
  return new Encoder(size + 4)
    .writeInt32(size)
    .writeEncoder(requestPayload)
    .writeEncoder(payload)
`,
  },
]

const decoding: readonly Patch[] = [
  {
    file: 'protocol/recordBatch/v0/decoder.js',
    fault: `each record has a view and a decoder of its own: ${SPEED} asks for the speed`,
    from: `const decodeRecord = (decoder, recordContext) => {
  const recordBuffer = decoder.readVarIntBytes()
  return RecordDecoder(new Decoder(recordBuffer), recordContext)
}`,
    to: 'const decodeRecord = RecordDecoder',
  },
  {
    file: 'protocol/recordBatch/v0/decoder.js',
    fault: `a small decompressed batch may lie in memory that others share, and its records are views on it: ${SPEED} asks for the speed`,
    from: 'const decompressedRecordDecoder = new Decoder(decompressedRecordBuffer)',
    to: `const isOwn = decompressedRecordBuffer.buffer.byteLength === decompressedRecordBuffer.length
  const ownRecordBuffer = isOwn ? decompressedRecordBuffer : Buffer.allocUnsafeSlow(decompressedRecordBuffer.length)
  if (!isOwn) decompressedRecordBuffer.copy(ownRecordBuffer)
  const decompressedRecordDecoder = new Decoder(ownRecordBuffer)`,
  },
  {
    file: 'protocol/requests/fetch/v4/decodeMessages.js',
    fault: `records are views on the whole answer, other topics included; here on those of their topic: ${SPEED} asks for the speed`,
    from: 'const messagesBuffer = decoder.readBytes(messagesSize)\n',
    to: `const answer = decoder.readBytes(messagesSize)
  const messagesBuffer = decoder.isOneTopic ? answer : Buffer.allocUnsafeSlow(messagesSize)
  if (messagesBuffer !== answer) answer.copy(messagesBuffer)
`,
  },
  {
    file: 'protocol/requests/fetch/v11/response.js',
    fault: `nothing tells whether the memory of an answer holds one topic and nothing else: ${SPEED} asks for the speed`,
    from: '  const responses = await decoder.readArrayAsync(decodeResponse)\n',
    to: `  const { buffer, byteOffset, length } = decoder.buffer
  // Behind its size and its number, alone in its memory: two reads that were put together may lie among bytes of others.
  const isAlone = byteOffset === 8 && byteOffset + length === buffer.byteLength
  decoder.isOneTopic = isAlone && decoder.buffer.readInt32BE(decoder.offset) === 1
  const responses = await decoder.readArrayAsync(decodeResponse)
`,
  },
  {
    file: 'protocol/requests/fetch/v4/decodeMessages.js',
    fault: `each fetch that ends within a batch, as most do, throws an error with its stack to find that out: ${SPEED} asks for the speed`,
    from: `messagesDecoder.canReadBytes(RECORD_BATCH_OVERHEAD)) {
`,
    to: `messagesDecoder.canReadBytes(RECORD_BATCH_OVERHEAD)) {
      const length = messagesDecoder.buffer.readInt32BE(messagesDecoder.offset + 8)
      if (!messagesDecoder.canReadBytes(12 + length)) break
`,
  },
  {
    file: 'protocol/requests/fetch/v4/decodeMessages.js',
    fault: `a batch of more records than a call can have arguments overflows the stack: ${STACK}`,
    from: 'records.push(...recordBatch.records)',
    to: 'for (const record of recordBatch.records) records.push(record)',
  },
]

const consuming: readonly Patch[] = [
  {
    file: 'consumer/batch.js',
    fault: `each offset is read as a big integer, and compared, though almost all are past it: ${SPEED} asks for the speed`,
    from: `      Long.fromValue(message.offset).gte(longFetchedOffset)
`,
    to: `      isExact && message.offset.length < 16
        ? Number(message.offset) >= exactFetchedOffset
        : Long.fromValue(message.offset).gte(longFetchedOffset)
`,
  },
  {
    file: 'consumer/batch.js',
    fault: `each offset is read as a big integer: ${SPEED} asks for the speed`,
    from: 'const { abortedTransactions, messages } = partitionData\n',
    to: `const { abortedTransactions, messages } = partitionData
    const exactFetchedOffset = Number(fetchedOffset)
    const isExact = Number.isSafeInteger(exactFetchedOffset)
`,
  },
  {
    file: 'consumer/batch.js',
    fault: `nothing tells whether the memory of the records holds more than the records: ${SPEED} asks for the speed`,
    from: `    }).filter(message => !message.isControlRecord)
`,
    to: `    }).filter(message => !message.isControlRecord)
    // Each record is a view on the memory of its topic's records, and none of its partition is kept back.
    this.isWhole =
      this.messages.length === messages.length && messages.length > 0 && messages[0].batchContext !== undefined
`,
  },
  {
    file: 'consumer/seekOffsets.js',
    fault: `for each message a name is written as JSON to find that nothing is sought: ${SPEED} asks for the speed`,
    from: `  has(topic, partition) {
`,
    to: `  has(topic, partition) {
    if (this.size === 0) return false
`,
  },
  {
    file: 'consumer/offsetManager/index.js',
    fault: `for each message its offset is read as a big integer and written again: ${SPEED} asks for the speed`,
    from: `    this.resolvedOffsets[topic][partition] = Long.fromValue(offset)
      .add(1)
`,
    to: `    if (typeof offset === 'string' && /^\\d{1,15}$/.test(offset)) {
      this.resolvedOffsets[topic][partition] = String(Number(offset) + 1)
      return
    }
    this.resolvedOffsets[topic][partition] = Long.fromValue(offset)
      .add(1)
`,
  },
  {
    file: 'consumer/runner.js',
    fault: `each message has a function of its own to say that the consumer lives: ${SPEED} asks for the speed`,
    from: `    for (const message of batch.messages) {
      if (!this.running || this.consumerGroup.hasSeekOffset({ topic, partition })) {
        break
      }

      try {
        await this.eachMessage({
          topic,
          partition,
          message,
          heartbeat: () => this.heartbeat(),
          pause,
        })
`,
    to: `    const heartbeat = () => this.heartbeat()
    const place = { topic, partition }
    const { autoCommitInterval, autoCommitThreshold } = this.consumerGroup
    const commitsBetween = autoCommitInterval != null || autoCommitThreshold != null
    const { messages } = batch
    let at = 0
    const next = () => {
      if (!this.running || this.consumerGroup.hasSeekOffset(place)) at = messages.length
      return messages[at]
    }
    const proceed = async ({ handle, goesOn, failed }) => {
     let message = next()
     while (message !== undefined) {
      try {
        await handle(message)
`,
  },
  {
    file: 'consumer/runner.js',
    fault: `whoever handles a run of messages is not told which of them failed: ${SPEED} asks for the speed`,
    from: `        // In case of errors, commit the previously consumed offsets`,
    to: `        failed(e)
        // In case of errors, commit the previously consumed offsets`,
  },
  {
    file: 'consumer/runner.js',
    fault: `after each message three promises are waited for, though neither a heartbeat nor a commit is due: ${SPEED} asks for the speed`,
    from: `      await this.heartbeat()
      await this.autoCommitOffsetsIfNecessary()

      if (this.consumerGroup.isPaused(topic, partition)) {
        break
      }
    }
  }
`,
    to: `      at += 1
      if (Date.now() >= this.consumerGroup.lastRequest + this.heartbeatInterval) await this.heartbeat()
      if (commitsBetween) await this.autoCommitOffsetsIfNecessary()

      if (this.consumerGroup.isPaused(topic, partition)) at = messages.length
      message = next()
      if (message !== undefined && !goesOn(message)) return
     }
    }
    const each = this.eachMessage
    if (each.takeBatch) {
      await each.takeBatch({ topic, partition, isWhole: batch.isWhole, heartbeat, pause, next, proceed })
      return
    }
    const handle = message => each({ topic, partition, message, heartbeat, pause })
    await proceed({ handle, goesOn: () => true, failed: () => {} })
  }
`,
  },
]

/** Small changes to files of kafkajs 2.2.4. */
export const patches: readonly Patch[] = [...network, ...encoding, ...decoding, ...consuming]
