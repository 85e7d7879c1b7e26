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
