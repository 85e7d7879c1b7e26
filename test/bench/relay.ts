import { connect, createServer, type Socket } from 'node:net'

/**
 * The anchor of the benches: the least that a Node.js process between client and broker can do. It copies bytes, reads the
 * broker into pooled buffers of 256 KiB, and knows nothing. `node relay.ts <port> <broker host:port>`
 */
const [listenPort = '', target = ''] = process.argv.slice(2)
const [host = '', port = ''] = target.split(':')
const READ_BYTES = 256 * 1024
const pool: Buffer<ArrayBuffer>[] = []

function relay(client: Socket): void {
  client.setNoDelay(true)
  let reading = Buffer.alloc(0)
  const broker = connect({
    host,
    port: Number(port),
    onread: {
      buffer: () => {
        reading = pool.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
        return reading
      },
      callback: (length) => {
        const bytes = reading
        // The kernel may still be owed a part of the write: the buffer goes back when it has left.
        if (!client.write(bytes.subarray(0, length), () => pool.push(bytes))) broker.pause()
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
