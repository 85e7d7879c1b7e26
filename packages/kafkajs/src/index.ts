export { Secret } from '@headgate/core'
// Every type of kafkajs, from its own declarations, so that those and ours are the same types. `Kafka` and `KafkaConfig`
// above take the place of kafkajs's.
export type * from '#kafkajs'
export {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  ConfigSource,
  KafkaJSAggregateError,
  KafkaJSAlterPartitionReassignmentsError,
  KafkaJSBrokerNotFound,
  KafkaJSConnectionError,
  KafkaJSDeleteGroupsError,
  KafkaJSDeleteTopicRecordsError,
  KafkaJSError,
  KafkaJSGroupCoordinatorNotFound,
  KafkaJSLockTimeout,
  KafkaJSMetadataNotLoaded,
  KafkaJSNonRetriableError,
  KafkaJSNotImplemented,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSOffsetOutOfRange,
  KafkaJSPartialMessageError,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
  KafkaJSServerDoesNotSupportApiKey,
  KafkaJSStaleTopicMetadataAssignment,
  KafkaJSTimeout,
  KafkaJSTopicMetadataNotLoaded,
  KafkaJSUnsupportedMagicByteInMessageSet,
  logLevel,
  PartitionAssigners,
  Partitioners,
  ResourcePatternTypes,
} from '#kafkajs'
export type { Access, AccessExplanation, AccessHealth } from './access/access.ts'
export type { AccessScope, AccessVerb } from './access/access-question.ts'
export { type AskRefusal, HeadgateAskRefusedError } from './access/ask-refused-error.ts'
export { type Denial, HeadgateDeniedError } from './access/denied-error.ts'
export type { ApprovalAsk, ApprovalState } from './approvals/approval-ask.ts'
export { type ApprovalPending, HeadgateApprovalPendingError } from './approvals/approval-pending-error.ts'
export type { ClientCertificate, HeadgateOptions, KafkaConfig } from './config/options.ts'
export { environmentVariables, findUnknownVariables, type UnknownVariable } from './config/unknown-variables.ts'
export type { ConsumerHealth, ConsumerState } from './consumption/consumer-health.ts'
export { type DiagnosisOptions, diagnose } from './diagnosis/diagnose.ts'
export {
  type DiagnosisFacts,
  type DiagnosisStep,
  type DiagnosisStepName,
  diagnosisSteps,
} from './diagnosis/diagnosis-step.ts'
export {
  type ClientErrorOptions,
  HeadgateAddressRefusedError,
  HeadgateBundleExpiredError,
  HeadgateBundleRefusedError,
  HeadgateClientError,
  HeadgateConfigurationError,
  HeadgateDisagreementError,
  HeadgateGatewayAnswerError,
  HeadgateGatewayMissingError,
  HeadgateGatewayUnreachableError,
  HeadgateIdentityRefusedError,
  HeadgateIdentityUnavailableError,
  HeadgateInsecureAddressError,
  HeadgateNoRuleError,
  HeadgateRetriableError,
  HeadgateSignInRefusedError,
  HeadgateTopicMissingError,
  HeadgateUnknownAuthorityError,
  HeadgateUnusedOptionsError,
} from './errors.ts'
export {
  type HeadgateEvent,
  type HeadgateEventName,
  type HeadgateEventPayloads,
  type HeadgateListener,
  headgateEvents,
  type WithheldRecords,
} from './events.ts'
export type { ClientAssertionOptions, ClientAssertionRequest } from './identity/client-assertion.ts'
export { type ClientCredentialsOptions, clientCredentials } from './identity/client-credentials.ts'
export { type IdentityContext, type IdentitySource, type IdentityToken, TokenType } from './identity/identity-source.ts'
export { samlAssertion, type TokenCallbackOptions, tokenCallback } from './identity/token-callback.ts'
export { type TokenFileOptions, tokenFile } from './identity/token-file.ts'
export { Kafka } from './kafka.ts'
export {
  KafkaJSConnectionClosedError,
  KafkaJSCreateTopicError,
  KafkaJSFetcherRebalanceError,
  KafkaJSInvalidLongError,
  KafkaJSInvalidVarIntError,
  KafkaJSInvariantViolation,
  KafkaJSMemberIdRequired,
  KafkaJSNoBrokerAvailableError,
} from './kafkajs/undeclared-errors.ts'
export { type MaskedRecord, masked } from './masking/masked-record.ts'
export { HeadgateRecordRefusedError, type RecordRefusal } from './masking/record-refused-error.ts'
export type { AskWish } from './session/gateway-asks.ts'
