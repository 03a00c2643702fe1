// connectors
