import type {
  Cluster,
  ISocketFactory,
  Kafka,
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSProtocolError,
  LogEntry,
  logLevel,
} from 'kafkajs'

export interface SocketFactoryArgs {
  readonly host: string
  readonly port: number
  /** TLS options; nothing for a plaintext connection. */
  readonly ssl: object | undefined
  readonly onConnect: () => void
}
export function createSocketFactory(): (args: SocketFactoryArgs) => ReturnType<ISocketFactory>
export function createConsoleLogger(level: logLevel): (entry: LogEntry) => void
export function createErrorFromCode(code: number): KafkaJSProtocolError

/** What of kafkajs's cluster is used. */
export interface DirectCluster extends Pick<Cluster, 'findTopicPartitionMetadata'> {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  metadata(request: { readonly topics?: readonly string[] }): Promise<{
    readonly brokers: readonly object[]
    readonly topicMetadata: readonly { readonly topic: string; readonly topicErrorCode: number }[]
  }>
  fetchTopicsOffset(
    topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[],
  ): Promise<readonly { readonly partitions: readonly { readonly partition: number; readonly offset: string }[] }[]>
  findBroker(request: { readonly nodeId: number }): Promise<DirectBroker>
}
export interface DirectBroker {
  fetch(request: {
    readonly maxWaitTime: number
    readonly minBytes: number
    readonly maxBytes: number
    readonly isolationLevel: number
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string; readonly maxBytes: number }[]
    }[]
  }): Promise<unknown>
}
export function createCluster(kafka: Kafka): DirectCluster

// Errors that kafkajs exports and its types do not declare.
export const KafkaJSConnectionClosedError: new (
  message: Error | string,
  metadata?: { host?: string; port?: number },
) => KafkaJSConnectionError & { readonly host: string; readonly port: number }
export const KafkaJSMemberIdRequired: new (
  error: Error | string,
  metadata: { memberId: string },
) => KafkaJSProtocolError & { readonly memberId: string }
export const KafkaJSCreateTopicError: new (
  error: Error | string,
  topicName: string,
) => KafkaJSProtocolError & { readonly topic: string }
export const KafkaJSInvariantViolation: new (error: Error | string) => KafkaJSNonRetriableError
export const KafkaJSInvalidVarIntError: new (error: Error | string) => KafkaJSNonRetriableError
export const KafkaJSInvalidLongError: new (error: Error | string) => KafkaJSNonRetriableError
export const KafkaJSFetcherRebalanceError: new (message?: string) => Error
export const KafkaJSNoBrokerAvailableError: new () => KafkaJSError
