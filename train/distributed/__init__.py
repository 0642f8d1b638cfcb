"""Several hosts, or processes, that train one model."""
