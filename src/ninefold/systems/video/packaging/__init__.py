"""Reads and writes what players load: boxes of MP4, segments, manifests. Has no I/O."""
