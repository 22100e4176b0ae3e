"""What workers do for the assistant: generate responses, supervise the queue, delete what is no longer kept."""
