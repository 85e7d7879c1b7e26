// Loaded before the program: what a service does that has all of OpenTelemetry, the instrumentation of kafkajs included.
import { register } from 'node:module'
import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: points })] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }))
metrics.setGlobalMeterProvider(meterProvider)
registerInstrumentations({ instrumentations: [new KafkaJsInstrumentation()] })

/** What was made until now, as data. */
globalThis.telemetry = async () => {
  await meterProvider.forceFlush()
  const [collected] = points.getMetrics().slice(-1)
  return {
    spans: spans
      .getFinishedSpans()
      .map(({ name, kind, attributes, events, links, parentSpanContext, instrumentationScope }) => ({
        scope: instrumentationScope.name,
        name,
        kind,
        attributes,
        events,
        links: links.length,
        parent: parentSpanContext?.spanId,
      })),
    metrics: (collected?.scopeMetrics ?? []).flatMap(({ scope, metrics: all }) =>
      all.map(({ descriptor, dataPoints }) => ({ scope: scope.name, name: descriptor.name, dataPoints })),
    ),
  }
}
