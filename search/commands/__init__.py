"""The commands, by what they are about: each parses, makes one call, and prints."""
