"""The stories, one file each, read from top to bottom. A job's kind is ``file.function``."""
