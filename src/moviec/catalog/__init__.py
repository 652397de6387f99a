"""The catalogue's database: deliveries, batches, rejected rows, runs, films and all that is served."""
