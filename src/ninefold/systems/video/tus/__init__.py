"""tus 1.0: resumable uploads for clients of that protocol. It only translates; `service/uploads.py` does the work."""
