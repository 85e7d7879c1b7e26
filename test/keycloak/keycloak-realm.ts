import type { JWK } from 'jose'

/** The realm of the tests: services by client id, and people, with their groups. */
export const REALM = 'acme'

/** Who signs in at the SAML page. */
export const PERSON = Object.freeze({ username: 'ada', password: 'ada-password-0123', groups: ['sellers', 'leads'] })

/** A confidential client with a secret, and one with a key. */
export const SHOP = Object.freeze({ clientId: 'shop', secret: 'shop-secret-0123456789' })
/** The client that signs for itself. */
export const LEDGER = 'ledger'

/** What the SAML client is called at Keycloak, which is the audience of its assertions. */
export const SAML_CLIENT = 'https://headgate.example/saml'
/** The last part of the address where a person signs in for it. */
export const SAML_PAGE = 'headgate'

const GROUPS = ['sellers', 'leads']

function groupsMapper(): object {
  return {
    name: 'groups',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-group-membership-mapper',
    config: { 'full.path': 'false', 'claim.name': 'groups', 'access.token.claim': 'true' },
  }
}

function audienceMapper(audience: string): object {
  return {
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
  }
}

// RFC 9068: without these an access token says `typ: JWT` and is signed by RSA.
const ACCESS_TOKENS = { 'access.token.header.type.rfc9068': 'true', 'access.token.signed.response.alg': 'ES256' }

function serviceClient(clientId: string, audience: string, proof: object, attributes: object = {}): object {
  return {
    clientId,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    publicClient: false,
    ...proof,
    attributes: { ...ACCESS_TOKENS, ...attributes },
    protocolMappers: [groupsMapper(), audienceMapper(audience)],
  }
}

function serviceAccount(clientId: string): object {
  return {
    username: `service-account-${clientId}`,
    enabled: true,
    serviceAccountClientId: clientId,
    groups: ['/sellers'],
  }
}

/** The realm as Keycloak imports it. */
export function realmRepresentation(audience: string, ledgerKey: JWK): object {
  const signing = {
    'use.jwks.string': 'true',
    'jwks.string': JSON.stringify({ keys: [ledgerKey] }),
    'token.endpoint.auth.signing.alg': 'ES256',
  }
  return {
    realm: REALM,
    enabled: true,
    sslRequired: 'none',
    groups: GROUPS.map((name) => ({ name })),
    clients: [
      serviceClient(SHOP.clientId, audience, { secret: SHOP.secret }),
      serviceClient(LEDGER, audience, { clientAuthenticatorType: 'client-jwt' }, signing),
    ],
    users: [
      serviceAccount(SHOP.clientId),
      serviceAccount(LEDGER),
      {
        username: PERSON.username,
        enabled: true,
        emailVerified: true,
        email: 'ada@acme.example',
        firstName: 'Ada',
        lastName: 'L',
        credentials: [{ type: 'password', value: PERSON.password, temporary: false }],
        groups: PERSON.groups.map((name) => `/${name}`),
      },
    ],
  }
}

/** The SAML client, whose assertions are for one token endpoint. */
export function samlClientRepresentation(tokenEndpoint: string): object {
  return {
    clientId: SAML_CLIENT,
    protocol: 'saml',
    redirectUris: [tokenEndpoint],
    attributes: {
      'saml.assertion.signature': 'true',
      'saml.client.signature': 'false',
      'saml.signature.algorithm': 'RSA_SHA256',
      'saml.authnstatement': 'true',
      'saml.onetimeuse.condition': 'true',
      'saml.assertion.lifespan': '120',
      saml_name_id_format: 'username',
      saml_force_name_id_format: 'true',
      saml_assertion_consumer_url_post: tokenEndpoint,
      saml_idp_initiated_sso_url_name: SAML_PAGE,
    },
    protocolMappers: [
      {
        name: 'groups',
        protocol: 'saml',
        protocolMapper: 'saml-group-membership-mapper',
        config: { 'full.path': 'false', single: 'true', 'attribute.name': 'groups', 'attribute.nameformat': 'Basic' },
      },
    ],
  }
}
