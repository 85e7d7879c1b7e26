export type { SeenUse } from '../seen-access.ts'
export { aclImportData, importedPolicyText } from './acls/acl-import-words.ts'
export {
  type AclDifference,
  type AclFinding,
  type AclImport,
  type ImportedRule,
  importAcls,
} from './acls/import-acls.ts'
export type { KafkaAcl } from './acls/kafka-acl.ts'
export { parseAclListing } from './acls/parse-acl-listing.ts'
export { casesData, describeCases, junitOf } from './cases/case-reports.ts'
export type { AskSource, CaseSource } from './cases/case-schema.ts'
export { type CasesParseResult, type PolicyCase, parseCases } from './cases/parse-cases.ts'
export { type CaseResult, caseProblems, runCases } from './cases/run-cases.ts'
export { type AccessChange, diffPolicies } from './diff/diff-policies.ts'
export { type ComparedPolicies, changesData, describeChanges } from './diff/diff-words.ts'
export type { AccessWitness } from './diff/point.ts'
export { diffStanding, type StandingChange } from './diff/standing-changes.ts'
export {
  type DraftOptions,
  type DraftRule,
  draftRules,
  type LeftOut,
  type PolicyDraft,
} from './draft/draft-rules.ts'
export { draftData, draftPolicyText } from './draft/draft-words.ts'
export { parseSeenUses, type SeenUses } from './draft/seen-access.ts'
export {
  type UntoldGrant,
  type UnusedGrant,
  type UnusedNames,
  untoldGrants,
  unusedGrants,
} from './draft/unused-grants.ts'
export { describeUnusedGrants } from './draft/unused-words.ts'
export { AclListingError, PolicyTooIntricateError, RequestWordsError } from './errors.ts'
export {
  type ApplyingProtection,
  type Explanation,
  explainDecision,
  type SpeakingRule,
} from './explain/explain-decision.ts'
export { describeExplanation, explanationData } from './explain/explain-words.ts'
export { type IdleRule, idleRules } from './explain/idle-rules.ts'
export type { FailedCondition, NearMiss } from './explain/near-miss.ts'
export { type LintCode, type LintFinding, lintCodes } from './lint/finding.ts'
export { lintPolicy } from './lint/lint-policy.ts'
export { type RequestWords, requestOf } from './request-words.ts'
export { sarifOf } from './sarif.ts'
