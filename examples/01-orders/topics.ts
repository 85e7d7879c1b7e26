/** The topic that the service writes orders to. */
export const ordersTopic: string = process.env['ORDERS_TOPIC'] ?? 'orders'

/** The consumer group that reads them. */
export const ordersGroup: string = process.env['ORDERS_GROUP'] ?? 'orders-reader'

/** A topic that this service has no business with. */
export const foreignTopic: string = process.env['FOREIGN_TOPIC'] ?? 'audit-log'
