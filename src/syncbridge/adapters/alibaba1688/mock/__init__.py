"""1688 as its documents say it behaves: it checks what it is sent, keeps books, pushes messages, and fails as told."""
