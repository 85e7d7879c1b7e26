export {
  type IdentityClient,
  type IdentityProvider,
  type IdentityProviderOptions,
  type SignTokenOptions,
  startIdentityProvider,
} from './identity/identity-provider.ts'
export { type IdentityPerson, PEOPLE, passwordOf } from './identity/people.ts'
export {
  goThroughSignIn,
  type SignInPersonOptions,
  type SignInPersonResult,
  signInPerson,
} from './identity/sign-in-person.ts'
export { type AskedDecision, type DecisionExpectation, expectDecision } from './policy/expect-decision.ts'
