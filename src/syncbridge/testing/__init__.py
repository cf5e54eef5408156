"""What an adapter's author tests with: contracts, builders, faults, and a world whose time is virtual."""
