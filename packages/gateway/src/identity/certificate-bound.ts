import type { CertificateBoundConfig } from '../config/gateway-config.ts'
import type { SignIn } from './sign-in.ts'

/**
 * Whether this client's tokens must be bound to its certificate, by the config. Tokens of clusters and trust domains name no
 * client: there it is the subject, here as at the token endpoint.
 */
export function mustBeBound(
  certificateBound: readonly CertificateBoundConfig[],
  { principal, clientId }: Pick<SignIn, 'principal' | 'clientId'>,
): boolean {
  return certificateBound.some(
    (each) =>
      each.issuer === principal.issuer &&
      (each.clientId === undefined || each.clientId === (clientId ?? principal.subject)),
  )
}
