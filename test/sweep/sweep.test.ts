// Runs behind all other tests, and searches what Headgate wrote while they ran.
import { describe, expect, test } from 'vitest'
import { plantedSecrets, SWEPT, type SweptKind, swept } from './recorder.ts'

/** The least that the tests before this one leave behind; less means that nothing was looked at. */
const LEAST: Readonly<Record<SweptKind, number>> = {
  log: 300,
  error: 20,
  span: 1,
  audit: 200,
  answer: 2,
}
const KINDS = Object.keys(LEAST) as SweptKind[]

/** A record's bytes as text, and as base64 wherever they begin. */
const FORMS: readonly string[] = [SWEPT, ...[0, 1, 2].map(inBase64)]

/** The characters that a text has in base64 behind so many other bytes, whatever stands around it. */
function inBase64(bytesBefore: number): string {
  const text = Buffer.concat([Buffer.alloc(bytesBefore), Buffer.from(SWEPT)]).toString('base64url')
  return text.slice(Math.ceil((bytesBefore * 4) / 3), -3)
}

/** What may be found nowhere: records, secrets of clients and people, tokens, private keys. */
const FORBIDDEN: readonly { readonly what: string; readonly isIn: (line: string) => boolean }[] = [
  { what: 'what a record held', isIn: (line) => FORMS.some((form) => line.includes(form)) },
  { what: 'the secret of a client', isIn: (line) => line.includes('-secret-0123456789') },
  { what: 'the password of a person', isIn: (line) => /\b[a-z]+-password\b/.test(line) },
  { what: 'a signed token', isIn: (line) => /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}/.test(line) },
  { what: 'a private key', isIn: (line) => /"[dk]":\s*"|PRIVATE KEY/.test(line) },
  { what: 'a secret of this run', isIn: (line) => plantedSecrets().some((secret) => line.includes(secret)) },
]

describe('what Headgate wrote during the whole run [nothing-leaks]', () => {
  test.each(KINDS)('there is enough of it: %s', (kind) => {
    expect(swept(kind).length).toBeGreaterThanOrEqual(LEAST[kind])
  })

  test('the credentials of the brokers are among what is searched for', () => {
    expect(plantedSecrets().length).toBeGreaterThan(0)
  })

  test.each(KINDS)('holds no record, secret, token or key: %s', (kind) => {
    for (const line of swept(kind)) {
      const found = FORBIDDEN.find(({ isIn }) => isIn(line))
      // The line itself is not shown: a report of a leak must not be one.
      expect(found?.what, `${kind}, a line of ${line.length} characters`).toBeUndefined()
    }
  })

  test('the search finds what it is for', () => {
    const samples = [
      `{"reason":"value ${SWEPT}"}`,
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${SWEPT} and more`).toString('base64url')),
      'orders-secret-0123456789',
      'ada-password',
      'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvcmRlcnMifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ',
      '-----BEGIN PRIVATE KEY-----',
      '{"kty":"OKP", "d": "s3cr3t"}',
      '{"kty":"oct","k":"s3cr3t"}',
      ...plantedSecrets(),
    ]
    for (const sample of samples) expect(FORBIDDEN.some(({ isIn }) => isIn(sample))).toBe(true)
  })
})
