"""The operator's watchlist: plates to let in or to stop."""
