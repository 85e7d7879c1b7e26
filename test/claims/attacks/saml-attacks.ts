// A plain table.
import type { Attack } from './attack.ts'

/** Attacks on SAML assertions at the token endpoint: S1 to S8 are the known ways to wrap a signature, by their usual numbers. */
export const samlAttacks: readonly Attack[] = [
  {
    id: 'S1',
    tried: 'a forged response around the signed one, which stands inside of the signature',
    expected: 'refused',
  },
  {
    id: 'S2',
    tried: 'a forged response with the signed one before its signature',
    expected: 'refused',
  },
  {
    id: 'S3',
    tried: 'a forged assertion before the signed one, side by side',
    expected: 'refused',
  },
  {
    id: 'S4',
    tried: 'a forged assertion with the signed one inside',
    expected: 'refused',
  },
  {
    id: 'S5',
    tried: 'a forged assertion that took the signature, with the signed one beside it',
    expected: 'refused',
  },
  {
    id: 'S6',
    tried: 'a forged assertion that took the signature, with the signed one inside of that',
    expected: 'refused',
  },
  {
    id: 'S7',
    tried: 'the signed assertion in an element for extensions, and the like that schemas let be',
    expected: 'refused',
  },
  {
    id: 'S8',
    tried: 'the signed assertion in an object of the signature; two assertions, an id twice, a reference elsewhere',
    expected: 'refused',
  },
  {
    id: 'S9',
    tried:
      'another issuer by a valid certificate, another recipient, no or an expired or another confirmation, no conditions',
    expected: 'refused with 400',
  },
  {
    id: 'S10',
    tried: 'an assertion twice, SHA-1, the key in the document, a DOCTYPE, a comment in the name, ten megabytes',
    expected: 'refused',
  },
]
