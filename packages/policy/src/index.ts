export {
  digestDocument,
  type PartitionRange,
  type PolicyDocument,
  type PrincipalMatch,
  type Rule,
  type Scope,
  type SourcePosition,
  type TopicProtection,
  type Who,
} from './document/document.ts'
export { type PolicyParseResult, parsePolicy } from './document/parse-policy.ts'
export { formatSourceProblem, type PolicyProblemCode, type SourceProblem } from './document/problem.ts'
export type { PolicySource } from './document/yaml-source.ts'
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
export type { Principal } from './principal.ts'
export { ALL_PARTITIONS, allowedOperations, canOnAny, decide, isDiscoverable } from './program/decide.ts'
export type { Decision, DecisionReason, Effect, Obligations } from './program/decision.ts'
export { compileProgram, type Program } from './program/program.ts'
export { type PolicyResidual, type ResidualProtection, type ResidualRule, residualFor } from './program/residual.ts'
