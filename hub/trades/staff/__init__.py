"""Who works at the House: names, roles, secrets, sessions."""
