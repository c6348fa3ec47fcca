"""What the hub reaches, beside the plain way of doing the same."""
