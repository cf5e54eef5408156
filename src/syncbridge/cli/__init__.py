"""The command line: one file per command or group, loaded when it is called."""
