import { once } from 'node:events'
import { createServer, type Socket, connect as tcp } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { findOwner, peerOwnerOf } from './peer-owner.ts'

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (local: string, remote: string, state: string, user: number): string =>
  `   1: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${user}        0 3055 1 0 20 4 30 10 -1\n`
const PEER = { remotePort: 0xc001, localPort: 0x2384 }

test('finds the user of the other end, and takes neither this end nor a socket that has ended for it', () => {
  const own = row('0100007F:2384', '0100007F:C001', '01', 1)
  const over = row('0100007F:C001', '0100007F:2384', '06', 2)
  const other = row('0100007F:C002', '0100007F:2384', '01', 3)
  const away = row('0A00000A:C001', '0A00000A:2384', '01', 4)
  const peer = row('0100007F:C001', '0100007F:2384', '01', 5)

  expect(findOwner(HEAD + own + over + other + away, PEER)).toBeUndefined()
  expect(findOwner(HEAD + own + over + other + away + peer, PEER)).toBe(5)
})

test('finds a peer that connected by IPv6 to the mapped address, as Java does', () => {
  const mapped = '0000000000000000FFFF00000100007F'
  expect(findOwner(HEAD + row(`${mapped}:C001`, `${mapped}:2384`, '01', 7), PEER)).toBe(7)
  const outside = '0000000000000000FFFF00000A00000A'
  expect(findOwner(HEAD + row(`${outside}:C001`, `${outside}:2384`, '01', 7), PEER)).toBeUndefined()
})

test('only Linux tells', () => {
  expect(peerOwnerOf('darwin')).toBeUndefined()
  expect(peerOwnerOf('win32')).toBeUndefined()
})

test('a real connection of this process belongs to this user, where the system tells', async () => {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = tcp({ host: '127.0.0.1', port: (server.address() as { port: number }).port })
  onTestFinished(() => void client.destroy())
  const [socket] = await accepted
  onTestFinished(() => void socket.destroy())
  const { remotePort = 0, localPort = 0 } = socket

  const owner = await peerOwnerOf(process.platform)?.({ remotePort, localPort })
  expect(owner).toBe(process.platform === 'linux' ? process.getuid?.() : undefined)
})
