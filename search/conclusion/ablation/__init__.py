"""What each part of a configuration is worth: one factor at a time, on fresh seeds."""
