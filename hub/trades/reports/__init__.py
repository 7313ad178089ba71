"""What a House reports of itself: its health a day, its figures a month, as submissions that can be charted."""
