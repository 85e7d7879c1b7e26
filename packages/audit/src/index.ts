export { openAuditWriter } from './audit-writer.ts'
export {
  type AuditPublicKey,
  type AuditSigningKey,
  auditPublicKeyOf,
  parseAuditPublicKeys,
} from './checkpoint.ts'
export {
  AuditFolderDamagedError,
  AuditFolderInUseError,
  AuditKeyInvalidError,
  AuditUnavailableError,
} from './errors.ts'
export type {
  AccessDenied,
  AccessWouldDeny,
  AskStep,
  AuditAccess,
  AuditActor,
  AuditApproval,
  AuditCheckpoint,
  AuditContext,
  AuditEnvelope,
  AuditEvent,
  AuditEventName,
  AuditKafka,
  AuditLoss,
  AuditLost,
  AuditMasked,
  AuditOpened,
  AuditQueried,
  AuditQueryRefused,
  AuditRange,
  AuditRemoved,
  AuditReopened,
  AuditSent,
  AuditSource,
  ChangeGranted,
  ConnectionClosed,
  CredentialIssued,
  CredentialRefused,
  GatewayStarted,
  GatewayStopped,
  IntentVoid,
  ModesInForce,
  PolicyInForce,
  PolicyRefused,
  ReadIntent,
  RecordedEvent,
  RecordsRead,
  RecordsWritten,
  SessionReplayed,
  SignInAccepted,
  SignInRefused,
  WriteIntent,
  WriteRefused,
  WriteUnknown,
} from './event.ts'
export { auditCodes, auditEventNamed, auditEventWords } from './event-codes.ts'
export { auditKeys } from './event-line.ts'
export type { AuditFile, AuditFileEntry, AuditFilePort } from './file-port.ts'
export { nodeFiles } from './node-files.ts'
export { type ReadTrailOptions, readTrail, TRAIL_START, type TrailCursor, type TrailPart } from './read-events.ts'
export type { TrailFault, TrailFaultCode, TrailReport, VerifiedCheckpoint } from './trail-report.ts'
export { type VerifyTrailOptions, verifyTrail } from './verify-trail.ts'
export type { AuditWriterOptions } from './writer-options.ts'
export type { AuditWriter } from './writer-port.ts'
