import { DOMParser, XMLSerializer } from '@xmldom/xmldom'

/** Somebody with a password. */
export interface SamlPerson {
  readonly username: string
  readonly password: string
}

/**
 * Signs a person in at the page for a SAML client as a browser would: page, form, cookies; gives the response that the browser
 * would post to the client.
 */
export async function signInForSaml(page: string, { username, password }: SamlPerson): Promise<string> {
  const first = await fetch(page, { redirect: 'manual' })
  const cookie = first.headers
    .getSetCookie()
    .map((each) => each.split(';', 1)[0])
    .join('; ')
  const action = unescapeHtml(/<form[^>]*action="([^"]+)"/.exec(await first.text())?.[1] ?? '')
  const answer = await fetch(new URL(action, page), {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password, credentialId: '' }).toString(),
    redirect: 'manual',
  })
  const encoded = /name="SAMLResponse"[^>]*value="([^"]+)"/i.exec(await answer.text())?.[1]
  if (encoded === undefined) throw new TypeError(`keycloak: no SAML response, status ${answer.status}`)
  return Buffer.from(unescapeHtml(encoded), 'base64').toString('utf8')
}

/** Cuts the assertion out of a response; a serializer adds the namespaces that it inherits. */
export function assertionOf(response: string): string {
  const document = new DOMParser().parseFromString(response, 'application/xml')
  const [assertion] = document.getElementsByTagNameNS('urn:oasis:names:tc:SAML:2.0:assertion', 'Assertion')
  if (assertion === undefined) throw new TypeError('keycloak: the response holds no assertion')
  return new XMLSerializer().serializeToString(assertion)
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&#x2b;', '+').replaceAll('&#x3d;', '=').replaceAll('&amp;', '&')
}
