import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Avro behind Confluent's five bytes, read with one known schema: a Connect struct of the columns that are asked for.
 * Maven Central has no converter for Avro. This one asks no registry, so that it is faster than one that does.
 */
public class EventConverter implements Converter {
    private static final int FRAME = 5;
    private static final Set<String> UUIDS = Set.of("entity_id", "event_id");
    private GenericDatumReader<GenericRecord> reader;
    private BinaryDecoder decoder;
    private Schema schema;
    private int[] positions;

    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        org.apache.avro.Schema avro = parsed(Path.of((String) configs.get("avro.schema")));
        List<String> columns = List.of(((String) configs.get("columns")).split(","));
        reader = new GenericDatumReader<>(avro);
        SchemaBuilder builder = SchemaBuilder.struct().name("wastehub.WasteEvent");
        for (String column : columns) {
            builder.field(column, connectSchema(column, avro.getField(column).schema()));
        }
        schema = builder.build();
        positions = columns.stream().mapToInt(column -> avro.getField(column).pos()).toArray();
    }

    private static org.apache.avro.Schema parsed(Path file) {
        try {
            return new org.apache.avro.Schema.Parser().parse(Files.readString(file));
        } catch (IOException error) {
            throw new DataException(error);
        }
    }

    private static Schema connectSchema(String column, org.apache.avro.Schema avro) {
        boolean optional = avro.isUnion();
        org.apache.avro.Schema type = optional ? avro.getTypes().get(1) : avro;
        String logical = type.getLogicalType() == null ? "" : type.getLogicalType().getName();
        SchemaBuilder builder = switch (type.getType()) {
            case LONG -> SchemaBuilder.int64();
            case INT -> SchemaBuilder.int32();
            case BOOLEAN -> SchemaBuilder.bool();
            default -> SchemaBuilder.string();
        };
        if (UUIDS.contains(column)) {
            builder.name("io.debezium.data.Uuid");
        } else if (logical.equals("timestamp-micros")) {
            builder.name("io.debezium.time.MicroTimestamp");
        } else if (logical.equals("date")) {
            builder.name("io.debezium.time.Date");
        }
        return optional ? builder.optional().build() : builder.build();
    }

    @Override
    public SchemaAndValue toConnectData(String topic, byte[] value) {
        try {
            decoder = DecoderFactory.get().binaryDecoder(value, FRAME, value.length - FRAME, decoder);
            GenericRecord event = reader.read(null, decoder);
            Struct struct = new Struct(schema);
            for (int index = 0; index < positions.length; index++) {
                Object found = event.get(positions[index]);
                struct.put(schema.fields().get(index), found instanceof CharSequence ? found.toString() : found);
            }
            return new SchemaAndValue(schema, struct);
        } catch (IOException error) {
            throw new DataException(error);
        }
    }

    @Override
    public byte[] fromConnectData(String topic, Schema schema, Object value) {
        throw new UnsupportedOperationException("a sink only reads");
    }
}
