"""Tests of the personal data duties."""
