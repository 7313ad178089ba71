"""A small OpenRosa receiver with a page: what the commune officer would see."""
