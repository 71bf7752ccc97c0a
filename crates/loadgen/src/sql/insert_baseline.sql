INSERT INTO usage_messages (
    user_key, message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, cost
)
SELECT * FROM unnest(
    $1::integer[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::integer[], $11::integer[], $12::integer[], $13::smallint[], $14::numeric[]
)
ON CONFLICT DO NOTHING
