"""The queries of the schema `tenancy`, one typed function each, and the mapping of rows to the model."""
