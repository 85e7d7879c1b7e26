export type { AuditWriter } from './audit-writer.ts'
export type {
  AccessDenied,
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
  AuditMasked,
  AuditRange,
  AuditSent,
  AuditSource,
  RecordedEvent,
} from './event.ts'
export { auditCodes } from './event-codes.ts'
