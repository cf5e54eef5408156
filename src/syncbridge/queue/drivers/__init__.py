"""What wakes jobs: replaceable, since the job row is the truth."""
