import { Secret } from '@headgate/core'
import { expect, test } from 'vitest'
import { SaltedPasswordCache, ScramExchange } from './scram.ts'

// The example of RFC 7677, section 3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const SERVER_FIRST = `r=${SERVER_NONCE},s=${SALT},i=4096`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

function exchange(username = 'user'): ScramExchange {
  return new ScramExchange('SCRAM-SHA-256', username, new Secret('pencil'), new SaltedPasswordCache(), NONCE)
}

test('the example of RFC 7677 comes out byte for byte, and its server is believed', async () => {
  const client = exchange()

  expect(client.first().toString()).toBe(`n,,n=user,r=${NONCE}`)
  expect((await client.final(Buffer.from(SERVER_FIRST))).toString()).toBe(
    `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  )
  expect(() => client.verify(Buffer.from(SERVER_FINAL))).not.toThrow()
})

test.each([
  ['another signature', SERVER_FINAL.replace('6rri', '7rri')],
  ['a signature cut short', SERVER_FINAL.slice(0, 20)],
  ['no signature', 'e=other-error'],
  ['nothing', ''],
])('a server that answers with %s is not believed', async (_, serverFinal) => {
  const client = exchange()
  await client.final(Buffer.from(SERVER_FIRST))

  expect(() => client.verify(Buffer.from(serverFinal))).toThrow(
    expect.objectContaining({ code: 'ERR_GATEWAY_UPSTREAM_SIGN_IN' }),
  )
})

test('a server is not believed before it was told anything', () => {
  expect(() => exchange().verify(Buffer.from(SERVER_FINAL))).toThrow(
    expect.objectContaining({ code: 'ERR_GATEWAY_UPSTREAM_SIGN_IN' }),
  )
})

test.each([
  ['a nonce of its own', `r=other${SERVER_NONCE},s=${SALT},i=4096`],
  ['our nonce alone', `r=${NONCE},s=${SALT},i=4096`],
  ['too few iterations', `r=${SERVER_NONCE},s=${SALT},i=4095`],
  ['iterations without end', `r=${SERVER_NONCE},s=${SALT},i=1000001`],
  ['no number of iterations', `r=${SERVER_NONCE},s=${SALT}`],
  ['nothing', ''],
])('a server that begins with %s is refused before a key is derived', async (_, serverFirst) => {
  await expect(exchange().final(Buffer.from(serverFirst))).rejects.toMatchObject({
    code: 'ERR_GATEWAY_UPSTREAM_SIGN_IN',
  })
})

test('what would end a user name is escaped', () => {
  expect(exchange('a,b=c').first().toString()).toBe(`n,,n=a=2Cb=3Dc,r=${NONCE}`)
})
