export { freePortRange } from './gateway/free-port-range.ts'
export type { TestKafkaAccess } from './gateway/gateway-folder.ts'
export type { TestService } from './gateway/policy-clients.ts'
export { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway/test-gateway.ts'
export {
  type IdentityClient,
  type IdentityProvider,
  type IdentityProviderOptions,
  type SignTokenOptions,
  startIdentityProvider,
} from './identity/identity-provider.ts'
export { type IdentityPerson, PEOPLE, passwordOf } from './identity/people.ts'
export {
  createSamlIssuer,
  encodeAssertion,
  type SamlAssertionOptions,
  type SamlIssuer,
} from './identity/saml-issuer.ts'
export {
  goThroughSignIn,
  type SignInPersonOptions,
  type SignInPersonResult,
  signInPerson,
} from './identity/sign-in-person.ts'
export { type AskedDecision, type DecisionExpectation, expectDecision } from './policy/expect-decision.ts'
