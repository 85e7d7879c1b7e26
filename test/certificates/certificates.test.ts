import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { type Certificates, createCertificates } from './certificates.ts'

async function handshake({ certPem, keyPem }: Certificates, host: string, caPem: string): Promise<string> {
  const server = createServer({ cert: certPem, key: keyPem }).on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, servername: host, ca: caPem })
  try {
    await once(socket, 'secureConnect')
    return 'trusted'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  } finally {
    socket.destroy()
    server.close()
  }
}

test('a client that knows the authority trusts the hosts of the certificate and no other', async () => {
  const certificates = await createCertificates({ hosts: ['localhost', '127.0.0.1'] })
  const other = await createCertificates({ hosts: ['localhost'] })

  expect(await handshake(certificates, 'localhost', certificates.caPem)).toBe('trusted')
  expect(await handshake(certificates, '', certificates.caPem)).toBe('trusted')
  expect(await handshake(certificates, 'elsewhere', certificates.caPem)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  expect(await handshake(certificates, 'localhost', other.caPem)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('a certificate whose time has passed is refused', async () => {
  const expired = await createCertificates({ hosts: ['localhost'], notAfter: new Date(Date.now() - 60_000) })

  expect(await handshake(expired, 'localhost', expired.caPem)).toBe('CERT_HAS_EXPIRED')
})

test('the files hold the same, and nobody else may read the key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-certificates-'))
  try {
    const certificates = await createCertificates({ hosts: ['localhost'] })
    const { caPath, certPath, keyPath } = await certificates.write(directory)

    expect(await readFile(caPath, 'utf8')).toBe(certificates.caPem)
    expect(await readFile(certPath, 'utf8')).toBe(certificates.certPem)
    expect(await readFile(keyPath, 'utf8')).toBe(certificates.keyPem)
    expect((await stat(keyPath)).mode & 0o777).toBe(0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
})
