import { connect, createServer, type Socket } from 'node:net'

/**
 * The anchor of the benches: the least that a Node.js process between client and broker can do. It copies bytes, reads the
 * broker into one 256 KiB buffer, and knows nothing. `node relay.ts <port> <broker host:port>`
 */
const [listenPort = '', target = ''] = process.argv.slice(2)
const [host = '', port = ''] = target.split(':')
const READ_BYTES = 256 * 1024

function relay(client: Socket): void {
  client.setNoDelay(true)
  let buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  const broker = connect({
    host,
    port: Number(port),
    onread: {
      buffer: () => {
        buffer = Buffer.allocUnsafeSlow(READ_BYTES)
        return buffer
      },
      callback: (length, bytes) => {
        if (!client.write(Buffer.from(bytes.buffer, bytes.byteOffset, length))) broker.pause()
        return true
      },
    },
  })
  broker.setNoDelay(true)
  client.on('data', (chunk: Buffer) => {
    if (!broker.write(chunk)) client.pause()
  })
  client.on('drain', () => broker.resume())
  broker.on('drain', () => client.resume())
  const end = (): void => {
    client.destroy()
    broker.destroy()
  }
  for (const socket of [client, broker]) socket.on('close', end).on('error', end)
}

createServer(relay).listen(Number(listenPort), '127.0.0.1', () => process.stdout.write('listening\n'))
