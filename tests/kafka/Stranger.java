import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Somebody who has a Kafka address, a topic and a schema file, and nothing of the hub: prints a line per message, its
 * partition, offset, the partition that Java would give its key, and every field, each followed by a newline's stand-in.
 */
public class Stranger {
    public static void main(String[] args) throws Exception {
        Schema schema = new Schema.Parser().parse(Files.readString(Path.of(args[2])));
        GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Map<String, Object> config = Map.of(
            "bootstrap.servers", args[0], "isolation.level", "read_committed", "auto.offset.reset", "earliest",
            "enable.auto.commit", "false");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = consumer.partitionsFor(args[1]).stream()
                .map(found -> new TopicPartition(found.topic(), found.partition())).toList();
            consumer.assign(all);
            Map<TopicPartition, Long> end = consumer.endOffsets(all);
            while (all.stream().anyMatch(each -> consumer.position(each) < end.get(each))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    byte[] value = record.value();
                    GenericRecord event =
                        reader.read(null, DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null));
                    out.print(record.partition() + "\t" + record.offset() + "\t"
                        + BuiltInPartitioner.partitionForKey(record.key(), all.size()));
                    for (Schema.Field field : schema.getFields()) {
                        out.print("\t" + String.valueOf(event.get(field.pos())).replace("\n", "\\n"));
                    }
                    out.println();
                }
            }
        }
        out.flush();
    }
}
