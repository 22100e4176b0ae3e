"""Files: uploading, sharing and deleting them."""
