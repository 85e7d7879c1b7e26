// A NestJS service and a client of it, as their documentation has them: nothing here knows of anything but kafkajs.
import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientProxyFactory, Ctx, EventPattern, MessagePattern, Payload, Transport } from '@nestjs/microservices'
import { firstValueFrom } from 'rxjs'

const seen = { events: [], topics: new Set() }
let eventArrived
const event = new Promise((resolve) => {
  eventArrived = resolve
})

class OrdersController {
  place(order, context) {
    seen.topics.add(context.getTopic())
    if (order.items === 0) throw new Error('nothing ordered')
    return { placed: order.items, by: context.getMessage().headers.by }
  }
  placed(data, context) {
    seen.events.push({ data, topic: context.getTopic(), partition: context.getPartition() })
    eventArrived()
  }
}
const decorate = (decorator, name) => {
  Payload()(OrdersController.prototype, name, 0)
  Ctx()(OrdersController.prototype, name, 1)
  decorator(OrdersController.prototype, name, Object.getOwnPropertyDescriptor(OrdersController.prototype, name))
}
decorate(MessagePattern('orders.place'), 'place')
decorate(EventPattern('orders.placed'), 'placed')
class AppModule {}
Module({ controllers: [OrdersController] })(AppModule)

const options = {
  client: { clientId: 'shop', brokers: ['kafka.internal:9092'] },
  consumer: { groupId: 'shop', maxWaitTimeInMs: 200 },
}
const service = await NestFactory.createMicroservice(AppModule, {
  transport: Transport.KAFKA,
  options: { ...options, subscribe: { fromBeginning: true } },
  logger: ['error'],
})
await service.listen()
const client = ClientProxyFactory.create({ transport: Transport.KAFKA, options })
client.subscribeToResponseOf('orders.place')
await client.connect()

const answer = await firstValueFrom(
  client.send('orders.place', { key: 'key-in-clear', value: { items: 3 }, headers: { by: 'ada' } }),
)
await firstValueFrom(client.emit('orders.placed', { key: 'key-in-clear', value: { id: 7 } }))
await event
const refusal = await firstValueFrom(client.send('orders.secret', { value: {} })).catch((error) => error)
const failure = await firstValueFrom(client.send('orders.place', { value: { items: 0 } })).catch((error) => error)

await client.close()
await service.close()
const { Kafka } = await import('kafkajs')
console.log(
  JSON.stringify({
    answer,
    events: seen.events,
    topics: [...seen.topics],
    refusal: { name: refusal.name, code: refusal.code, message: refusal.message },
    failure: failure.message ?? failure,
    isPatched: Kafka.prototype.producer.__wrapped === true,
    ...(await globalThis.telemetry()),
  }),
)
process.exit(0)
