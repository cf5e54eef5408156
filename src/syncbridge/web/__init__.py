"""What listens: the webhook receiver, and health."""
