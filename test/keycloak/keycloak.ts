import type { JWK } from 'jose'
import type { Progress } from '../kafka/jars.ts'
import { type KeycloakProcess, startKeycloakProcess } from './keycloak-process.ts'
import { PERSON, REALM, realmRepresentation, SAML_PAGE, samlClientRepresentation } from './keycloak-realm.ts'
import { assertionOf, signInForSaml } from './saml-sign-in.ts'

/** A running Keycloak with the tests' realm in it. */
export interface Keycloak {
  /** The issuer of its access tokens. */
  readonly issuer: string
  /** What it calls itself in assertions. */
  readonly samlEntityId: string
  /** PEM of the certificate by which it signs assertions. */
  readonly samlCertificatePem: string
  /** Lets assertions be made for a token endpoint. */
  addSamlClient(tokenEndpoint: string): Promise<void>
  /** Signs a person in at Keycloak's page, and gives the XML of the signed assertion. */
  samlAssertion(): Promise<string>
  close(): Promise<void>
}

/** Starts Keycloak and imports the realm; `ledgerKey` is the public key of the client that signs for itself. */
export async function startKeycloak(audience: string, ledgerKey: JWK, onProgress?: Progress): Promise<Keycloak> {
  const process = await startKeycloakProcess(onProgress)
  try {
    await createAs(process, '/admin/realms', realmRepresentation(audience, ledgerKey))
    const issuer = `${process.origin}/realms/${REALM}`
    return {
      issuer,
      samlEntityId: issuer,
      samlCertificatePem: await samlCertificate(issuer),
      addSamlClient: (tokenEndpoint) =>
        createAs(process, `/admin/realms/${REALM}/clients`, samlClientRepresentation(tokenEndpoint)),
      samlAssertion: async () =>
        assertionOf(await signInForSaml(`${issuer}/protocol/saml/clients/${SAML_PAGE}`, PERSON)),
      close: () => process.stop(),
    }
  } catch (cause) {
    await process.stop()
    throw cause
  }
}

async function createAs({ origin, adminPassword }: KeycloakProcess, path: string, content: object): Promise<void> {
  const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: adminPassword }
  const answer = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  const created = await fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
  if (created.status !== 201) throw new TypeError(`keycloak: ${path}: ${created.status} ${await created.text()}`)
}

async function samlCertificate(issuer: string): Promise<string> {
  const descriptor = await (await fetch(`${issuer}/protocol/saml/descriptor`)).text()
  const [, certificate] = /<ds:X509Certificate>([A-Za-z0-9+/=\s]+)<\/ds:X509Certificate>/.exec(descriptor) ?? []
  if (certificate === undefined) throw new TypeError('keycloak: its SAML descriptor has no certificate')
  return `-----BEGIN CERTIFICATE-----\n${certificate.trim()}\n-----END CERTIFICATE-----\n`
}
