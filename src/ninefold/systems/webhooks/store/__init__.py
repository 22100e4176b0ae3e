"""The queries of the schema `webhooks`, one typed function each, and the mapping of rows to the model."""
