"""What the people who run the service rely on: limits, metrics, logs, readiness, several machines."""
