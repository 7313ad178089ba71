"""The application: everything the village's House does."""
