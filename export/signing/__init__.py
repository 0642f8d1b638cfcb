"""Keys that sign bundles, and signing: where bundles are exported, or where the private key is and no network."""
