export {
  type BundleClaims,
  type Canary,
  MAX_CANARIES,
} from './bundle/bundle-claims.ts'
export { BUNDLE_TYPE, MAX_BUNDLE_LENGTH } from './bundle/bundle-format.ts'
export {
  BUNDLE_ALGORITHM,
  type BundleKey,
  type BundlePublicJwk,
  type BundleSigningKey,
  createBundleKey,
  describeBundleKey,
  type OkpKey,
  type ServedKey,
} from './bundle/bundle-key.ts'
export { type BundleStaleness, BundleStore, type BundleStoreOptions } from './bundle/bundle-store.ts'
export { type CanaryOptions, createCanaries } from './bundle/canaries.ts'
export { demandsOf } from './bundle/demands.ts'
export {
  BundleAddresseeError,
  BundleCanaryError,
  BundleClaimsError,
  BundleEquivocationError,
  BundleError,
  BundleExpiredError,
  BundleFormatError,
  BundleKeyError,
  BundleNotUnderstoodError,
  BundleProgramError,
  BundleRollbackError,
  BundleSignatureError,
  BundleTooLargeError,
  BundleTypeError,
} from './bundle/errors.ts'
export { signBundle } from './bundle/sign-bundle.ts'
export type { VerifiedBundle } from './bundle/verified-bundle.ts'
export {
  type BundleExpectation,
  type HighWaterMark,
  prepareVerification,
  verifyBundle,
} from './bundle/verify-bundle.ts'
export {
  digestDocument,
  type Ownership,
  type PartitionRange,
  type PolicyDocument,
  type PrincipalMatch,
  type Rule,
  type Scope,
  type SourcePosition,
  type TopicProtection,
  type Who,
} from './document/document.ts'
export { findAmbiguousNames, findUnknownIssuers, type PolicyIssuer } from './document/issuer-checks.ts'
export { policyJsonSchema } from './document/json-schema.ts'
export { checkOpaqueSelector, checkTopicPattern, isTopicName } from './document/names.ts'
export { nearestWord } from './document/nearest-word.ts'
export { type PolicyParseResult, parsePolicy } from './document/parse-policy.ts'
export { type Fault, formatSourceProblem, type PolicyProblemCode, type SourceProblem } from './document/problem.ts'
export type {
  AccessDirection,
  OnUnreadable,
  ProtectionApproval,
  ProtectionMask,
  RecordFormat,
  UnmaskRight,
} from './document/protection.ts'
export { type DailyWindow, parseInstant, type Schedule } from './document/schedule.ts'
export type { PolicySource } from './document/yaml-source.ts'
export { isGlob, matchesGlob } from './glob.ts'
export { GRANTED_PARTITIONS_PROTOCOL } from './granted-partitions.ts'
export { keepWords } from './keep-list.ts'
export {
  canonicalModes,
  ENFORCED,
  type EnforcementMode,
  type EnforcementModes,
  enforcementModes,
  enforcesAll,
  type ModeEntry,
  modeOf,
  observesAny,
} from './modes.ts'
export {
  CLUSTER_NAME,
  INTERNAL_TOPIC_PREFIX,
  MAX_NAME_LENGTH,
  Operation,
  operationName,
  operations,
  type ResourceType,
  resourceTypes,
} from './operation.ts'
export { type Principal, type PrincipalKind, principalKey, principalKinds } from './principal.ts'
export { ALL_PARTITIONS, allowedOperations, canOnAny, decide, isDiscoverable } from './program/decide.ts'
export type {
  ApprovalObligation,
  Decision,
  DecisionReason,
  Effect,
  HeaderMask,
  MaskObligation,
  Obligations,
} from './program/decision.ts'
export { type Owner, ownersOf } from './program/owners.ts'
export { compileProgram, createClosedProgram, type Program } from './program/program.ts'
export { type DecidedRequest, reasonText } from './program/reason-text.ts'
export {
  type PolicyResidual,
  type ResidualProtection,
  type ResidualRule,
  type ResidualTopic,
  residualFor,
  residualUnder,
} from './program/residual.ts'
export { widerSight } from './program/wider-sight.ts'
export type { SeenAccess, SeenUse } from './seen-access.ts'
