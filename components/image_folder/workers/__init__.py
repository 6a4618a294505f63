"""Parts of an ingest, in processes here or on a cluster, or taken over from the last one."""
