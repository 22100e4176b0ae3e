"""The queries of messaging, each as a typed function."""
