"""The House's reports."""
