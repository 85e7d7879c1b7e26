import { expect, test } from 'vitest'
import { parseSaslMessage, type SaslMessage } from './sasl-message.ts'

function plainForm(message: SaslMessage | null): unknown {
  if (message === null) return null
  if (message.kind === 'token') return { token: message.token.reveal(), authorizationId: message.authorizationId }
  return { clientId: message.clientId, clientSecret: message.clientSecret.reveal() }
}

const bearer = (text: string): unknown => plainForm(parseSaslMessage('OAUTHBEARER', Buffer.from(text)))
const plain = (text: string): unknown => plainForm(parseSaslMessage('PLAIN', Buffer.from(text)))

test('K2: a bearer message gives its token, and extensions are never read as authority', () => {
  expect(bearer('n,,\x01auth=Bearer aaa.bbb.ccc\x01\x01')).toEqual({ token: 'aaa.bbb.ccc', authorizationId: '' })
  expect(bearer('n,a=alice,\x01principal=root\x01auth=bearer aaa.bbb.ccc\x01groups=admins\x01\x01')).toEqual({
    token: 'aaa.bbb.ccc',
    authorizationId: 'alice',
  })
})

test.each([
  ['two auth keys', 'n,,\x01auth=Bearer aaa\x01auth=Bearer bbb\x01\x01'],
  ['no auth key', 'n,,\x01other=1\x01\x01'],
  ['no end', 'n,,\x01auth=Bearer aaa\x01'],
  ['channel binding', 'y,,\x01auth=Bearer aaa\x01\x01'],
  ['the stray quote of an authorization id', 'n,"a=alice,\x01auth=Bearer aaa\x01\x01'],
  ['a token with a space', 'n,,\x01auth=Bearer aa bb\x01\x01'],
  ['nothing', ''],
])('K2, K4: a bearer message with %s is malformed', (_, text) => {
  expect(bearer(text)).toBeNull()
})

test('a plain message gives client id and secret, or the pasted token of the user `token`', () => {
  expect(plain('\0orders-service\0s3cret')).toEqual({ clientId: 'orders-service', clientSecret: 's3cret' })
  expect(plain('orders-service\0orders-service\0s3cret')).toEqual({
    clientId: 'orders-service',
    clientSecret: 's3cret',
  })
  expect(plain('\0token\0aaa.bbb.ccc')).toEqual({ token: 'aaa.bbb.ccc', authorizationId: '' })
})

test.each([
  ['another authorization id', 'root\0orders-service\0s3cret'],
  ['no password', '\0orders-service\0'],
  ['no user', '\0\0s3cret'],
  ['too many parts', '\0a\0b\0c'],
  ['nothing', ''],
])('a plain message with %s is malformed', (_, text) => {
  expect(plain(text)).toBeNull()
})
