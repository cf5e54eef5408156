"""What is kept: tables, set-based writes, and the one way to reach them (`db.run`)."""
