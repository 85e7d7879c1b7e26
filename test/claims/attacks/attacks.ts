import type { AttackFamily } from './attack.ts'
import { bundleAttacks } from './bundle-attacks.ts'
import { policyAttacks } from './policy-attacks.ts'
import { samlAttacks } from './saml-attacks.ts'
import { sessionAttacks } from './session-attacks.ts'
import { tokenAttacks } from './token-attacks.ts'

/** The list of attacks, in its order. */
export const attackFamilies: readonly AttackFamily[] = [
  { letter: 'B', title: 'The signed bundle', attacks: bundleAttacks },
  { letter: 'T', title: 'Tokens and their exchange', attacks: tokenAttacks },
  { letter: 'S', title: 'SAML assertions', attacks: samlAttacks },
  { letter: 'K', title: 'The sign-in to Kafka', attacks: sessionAttacks },
  { letter: 'P', title: 'The policy and its evaluation', attacks: policyAttacks },
]

/** Lines whose tests are being written. INVARIANT: a line stays here for as long as it has none, and no longer. */
export const awaitedLines: readonly string[] = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'S10']
