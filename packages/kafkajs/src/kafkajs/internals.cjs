'use strict'
// What this package uses of kafkajs beyond its public names. kafkajs is pinned exactly, and its code ships inside our
// build, so these paths cannot move under us.

// A socket factory over the platform's own TLS: ours decides where to and how, this one opens the socket.
exports.createSocketFactory = require('kafkajs/src/network/socketFactory')
// The logger that kafkajs uses when the application gives none.
exports.createConsoleLogger = require('kafkajs/src/loggers/console')
// A protocol error as a broker's answer makes it, from its code.
exports.createErrorFromCode = require('kafkajs/src/protocol/error').createErrorFromCode

// The cluster of a Kafka: its brokers can be asked directly, without a consumer group.
exports.createCluster = (kafka) => {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster')
  return kafka[symbol]({ allowAutoTopicCreation: false })
}

// Errors that kafkajs exports and its types do not declare.
const errors = require('kafkajs/src/errors')
exports.KafkaJSMemberIdRequired = errors.KafkaJSMemberIdRequired
exports.KafkaJSConnectionClosedError = errors.KafkaJSConnectionClosedError
exports.KafkaJSInvariantViolation = errors.KafkaJSInvariantViolation
exports.KafkaJSInvalidVarIntError = errors.KafkaJSInvalidVarIntError
exports.KafkaJSInvalidLongError = errors.KafkaJSInvalidLongError
exports.KafkaJSCreateTopicError = errors.KafkaJSCreateTopicError
exports.KafkaJSFetcherRebalanceError = errors.KafkaJSFetcherRebalanceError
exports.KafkaJSNoBrokerAvailableError = errors.KafkaJSNoBrokerAvailableError
