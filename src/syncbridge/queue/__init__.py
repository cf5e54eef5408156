"""Jobs: written with the change that needs them, run once at a time, closed with what they changed."""
