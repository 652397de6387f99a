"""Made-up deliveries: films as the truth has them, and what each provider would deliver of them, faults included."""
