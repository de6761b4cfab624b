"""Lead-capture forms: kinds, configuration, intake."""
