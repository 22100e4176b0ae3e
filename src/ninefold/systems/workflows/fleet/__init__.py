"""The surface that runners use: `/api/v1/workflows/runner`."""
