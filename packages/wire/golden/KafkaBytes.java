import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import java.util.Scanner;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.NullableSchema;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Lets Apache Kafka's own classes write what the tests of this package read, and read what this package writes.
 *
 * <p>{@code messages} prints a line for every message in every version: name, version, bytes in base64, and the values as
 * Kafka's JSON converters give them, separated by tabs. {@code batches} prints batches of each codec and what is in them, or
 * the SHA-256 of it where that is long.
 * {@code read} takes batches in base64, one a line, and prints the records that Kafka reads from them.
 */
public class KafkaBytes {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] STRINGS = {"", "a", "orders", "naïve", "日本", "🦊", "a longer one, of more than thirty-two bytes"};
    private static final int UNKNOWN_TAG = 4711;

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        switch (args[0]) {
            case "messages" -> printMessages(out);
            case "batches" -> printBatches(out);
            case "read" -> readBatches(out);
            default -> throw new IllegalArgumentException(args[0]);
        }
        out.flush();
    }

    private static void printMessages(PrintStream out) throws Exception {
        for (ApiMessageType type : ApiMessageType.values()) {
            if (!type.listeners().contains(ApiMessageType.ListenerType.BROKER)) continue;
            for (short v = type.lowestSupportedVersion(); v <= type.highestSupportedVersion(false); v++) {
                printMessage(out, type.newRequest(), type.requestSchemas()[v], v);
                printMessage(out, type.newResponse(), type.responseSchemas()[v], v);
            }
        }
        for (short v = 1; v <= 2; v++) printMessage(out, new RequestHeaderData(), RequestHeaderData.SCHEMAS[v], v);
        for (short v = 0; v <= 1; v++) printMessage(out, new ResponseHeaderData(), ResponseHeaderData.SCHEMAS[v], v);
        for (short v = 0; v <= 3; v++) {
            printMessage(out, new ConsumerProtocolSubscription(), ConsumerProtocolSubscription.SCHEMAS[v], v);
            printMessage(out, new ConsumerProtocolAssignment(), ConsumerProtocolAssignment.SCHEMAS[v], v);
        }
    }

    private static void printMessage(PrintStream out, Message message, Schema schema, short version) throws Exception {
        String name = message.getClass().getSimpleName().replaceAll("Data$", "");
        Random random = new Random(name.hashCode() * 31L + version);
        Struct struct = struct(schema, random, 0);
        ByteBuffer drawn = ByteBuffer.allocate(struct.sizeOf());
        struct.writeTo(drawn);
        message.read(new ByteBufferAccessor(drawn.flip()), version);
        // A header of Metadata, so that key and version tell how long it is.
        if (message instanceof RequestHeaderData header) header.setRequestApiKey((short) 3).setRequestApiVersion((short) (version == 1 ? 0 : 12));
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(bytes), cache, version);
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        Method write = converter.getMethod("write", message.getClass(), short.class, boolean.class);
        JsonNode json = (JsonNode) write.invoke(null, message, version, false);
        out.println(name + "\t" + version + "\t" + base64(bytes.flip()) + "\t" + JSON.writeValueAsString(exact(json)));
    }

    /** Turns each long into text, since a reader of JSON may round it. */
    private static JsonNode exact(JsonNode node) {
        if (node.isLong()) return TextNode.valueOf(node.asText());
        if (node instanceof ArrayNode array) {
            for (int n = 0; n < array.size(); n++) array.set(n, exact(array.get(n)));
        } else if (node instanceof ObjectNode object) {
            object.fieldNames().forEachRemaining(name -> object.set(name, exact(object.get(name))));
        }
        return node;
    }

    private static Struct struct(Schema schema, Random random, int depth) {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) struct.set(field, value(field.def.type, random, depth));
        return struct;
    }

    private static Object value(Type type, Random random, int depth) {
        if (type instanceof TaggedFields tagged) return tags(tagged, random, depth);
        if (type instanceof NullableSchema schema && random.nextInt(4) == 0) return null;
        if (type instanceof Schema schema) return struct(schema, random, depth + 1);
        if (type.isArray()) {
            if (type.isNullable() && random.nextInt(6) == 0) return null;
            Object[] array = new Object[random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(2)];
            Arrays.setAll(array, n -> value(type.arrayElementType().get(), random, depth + 1));
            return array;
        }
        if (type.isNullable() && random.nextInt(4) == 0) return null;
        String name = type.toString();
        if (name.contains("RECORDS")) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(random)));
        if (name.contains("BYTES")) return ByteBuffer.wrap(bytes(random));
        if (name.contains("STRING")) return STRINGS[random.nextInt(STRINGS.length)];
        return switch (name) {
            case "BOOLEAN" -> random.nextBoolean();
            case "INT8" -> (byte) random.nextInt();
            case "INT16" -> (short) random.nextInt();
            case "UINT16" -> random.nextInt(0x10000);
            case "INT32" -> random.nextInt();
            case "UNSIGNED_INT32", "UINT32" -> random.nextInt() & 0xffffffffL;
            case "INT64" -> random.nextLong();
            case "FLOAT64" -> random.nextDouble();
            case "UUID" -> new Uuid(random.nextLong(), random.nextLong());
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Map<Integer, Object> tags(TaggedFields type, Random random, int depth) {
        Map<Integer, Object> tags = new TreeMap<>();
        for (Map.Entry<Integer, Field> field : type.fields().entrySet()) {
            if (random.nextInt(3) > 0) tags.put(field.getKey(), value(field.getValue().type, random, depth));
        }
        if (random.nextInt(3) == 0) tags.put(UNKNOWN_TAG, new RawTaggedField(UNKNOWN_TAG, bytes(random)));
        return tags;
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(12)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static void printBatches(PrintStream out) throws Exception {
        Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build()};
        for (Compression codec : codecs) {
            print(out, codec.type().name, build(codec, (byte) 2, TimestampType.CREATE_TIME, -1L, (short) -1, -1, false, 3));
            if (codec == Compression.NONE) continue;
            MemoryRecords many = build(codec, (byte) 2, TimestampType.CREATE_TIME, -1L, (short) -1, -1, false, 1800);
            out.println(codec.type().name + ", many records\t" + base64(many.buffer().duplicate()) + "\t" + JSON.writeValueAsString(sha256(JSON.writeValueAsString(describe(many)))));
        }
        print(out, "idempotent", build(Compression.NONE, (byte) 2, TimestampType.CREATE_TIME, 4711L, (short) 3, 77, false, 3));
        print(out, "transactional", build(Compression.lz4().build(), (byte) 2, TimestampType.CREATE_TIME, 4711L, (short) 3, 77, true, 3));
        print(out, "log append time", build(Compression.NONE, (byte) 2, TimestampType.LOG_APPEND_TIME, -1L, (short) -1, -1, false, 3));
        print(out, "control", MemoryRecords.withEndTransactionMarker(9L, 1_700_000_000_000L, 5, 4711L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 12)));
        print(out, "magic 1", build(Compression.NONE, (byte) 1, TimestampType.CREATE_TIME, -1L, (short) -1, -1, false, 2));
        print(out, "magic 0", build(Compression.NONE, (byte) 0, TimestampType.NO_TIMESTAMP_TYPE, -1L, (short) -1, -1, false, 2));
    }

    private static MemoryRecords build(Compression codec, byte magic, TimestampType timestamps, long producerId, short epoch, int sequence, boolean transactional, int count) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), magic, codec, timestamps, 1L << 40, 1_700_000_000_000L, producerId, epoch, sequence, transactional, 5);
        for (int n = 0; n < count; n++) {
            byte[] key = n % 3 == 0 ? null : ("key-" + n).getBytes(StandardCharsets.UTF_8);
            byte[] value = n % 5 == 1 ? null : n % 5 == 2 ? new byte[0] : ("{\"id\":" + n + ",\"customer\":\"naïve\"}").getBytes(StandardCharsets.UTF_8);
            Header[] headers = magic < 2 || n % 2 == 1 ? new Header[0] : new Header[] {
                new RecordHeader("trace", new byte[] {(byte) n, 0, -1}), new RecordHeader("trace", (byte[]) null), new RecordHeader("", new byte[0])
            };
            builder.append(1_700_000_000_000L + n * 3L - (n % 2) * 5L, key, value, headers);
        }
        return builder.build();
    }

    private static void print(PrintStream out, String name, MemoryRecords records) throws Exception {
        out.println(name + "\t" + base64(records.buffer().duplicate()) + "\t" + JSON.writeValueAsString(describe(records)));
    }

    private static ArrayNode describe(MemoryRecords records) {
        ArrayNode batches = JSON.createArrayNode();
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            ObjectNode node = batches.addObject();
            node.put("magic", batch.magic()).put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset());
            node.put("codec", batch.compressionType().name).put("isControl", batch.isControlBatch()).put("isTransactional", batch.isTransactional());
            node.put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch()).put("baseSequence", batch.baseSequence());
            node.put("partitionLeaderEpoch", batch.magic() < 2 ? -1 : batch.partitionLeaderEpoch()).put("maxTimestamp", batch.maxTimestamp());
            node.put("isLogAppendTime", batch.timestampType() == TimestampType.LOG_APPEND_TIME);
            ArrayNode array = node.putArray("records");
            for (Record record : batch) describe(array.addObject(), record);
        }
        return batches;
    }

    private static void describe(ObjectNode node, Record record) {
        node.put("offset", record.offset()).put("timestamp", record.timestamp());
        node.put("key", record.hasKey() ? base64(record.key()) : null).put("value", record.hasValue() ? base64(record.value()) : null);
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(header.value() == null ? null : base64(ByteBuffer.wrap(header.value())));
        }
    }

    private static void readBatches(PrintStream out) throws Exception {
        try (Scanner lines = new Scanner(System.in)) {
            while (lines.hasNextLine()) {
                byte[] bytes = Base64.getDecoder().decode(lines.nextLine().trim());
                out.println(JSON.writeValueAsString(describe(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)))));
            }
        }
    }

    private static String sha256(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(digest);
    }

    private static String base64(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
