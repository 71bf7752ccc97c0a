DROP INDEX usage_messages_sample_idx;
DROP TABLE plausibility_reasons;
DROP TABLE benchmark_measures;
DROP TABLE benchmarks;
