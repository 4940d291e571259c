"""One module per verb, and the only place where catalog, engine, cluster, lab and report meet."""
