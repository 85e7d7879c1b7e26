import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Secret, silentLog } from '@headgate/core'
import { expect, onTestFinished, test } from 'vitest'
import { ServerCertificate } from '../server-certificate.ts'
import { listen } from './listener.ts'

test('connections of one address are bounded before their handshake', async () => {
  const full: string[] = []
  const failed: string[] = []
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    certificate: new ServerCertificate('kafka', { certPem: '', keyPem: new Secret('') }, silentLog),
    maxConnections: 100,
    maxConnectionsPerAddress: 2,
    onSocket: () => {},
    onFull: (address) => full.push(address),
    onHandshakeFailed: (code) => failed.push(code),
  })
  const open = async (): Promise<Socket> => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  onTestFinished(() => void listener.close())

  const [first, second] = [await open(), await open()]
  const third = await open()
  await once(third.resume(), 'close')
  expect([first, second].map(({ destroyed }) => destroyed)).toEqual([false, false])
  await once((await open()).resume(), 'close')
  expect(full).toEqual(['127.0.0.1'])
  // They are told as what they are, and once.
  expect(failed).toEqual([])

  first.destroy()
  await expect
    .poll(async () => {
      const next = await open()
      await new Promise((resolve) => setTimeout(resolve, 20))
      return next.resume().readableEnded || next.destroyed
    })
    .toBe(false)
})
