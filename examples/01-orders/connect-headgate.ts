import { Kafka } from '@headgate/kafkajs'

/** Connects through a Headgate gateway: its address, the policy keys and the identity come from HEADGATE_* variables. */
export function connect(): Kafka {
  return new Kafka({ clientId: 'orders' })
}
