"""The operator's watchlist: plates to allow or to deny, matched against every detection."""
