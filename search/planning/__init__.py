"""What a study will take, before it runs and while it runs."""
