import type { Row } from '../row.ts'

const [HANDSHAKE, AUTHENTICATE] = [17, 36]

/** Signing in on a connection that is signed in. */
export const saslRows: readonly Row[] = [
  {
    name: 'sasl handshake: on a connection that is signed in',
    apiKey: HANDSHAKE,
    body: () => ({ mechanism: 'PLAIN' }),
  },
  {
    name: 'sasl authenticate: on a connection that is signed in, without a handshake',
    apiKey: AUTHENTICATE,
    body: () => ({ authBytes: Buffer.from('\0restricted\0guess') }),
  },
]
